"""What a long queue costs the harness: memory and time of 1,000 runs that wait, and of each as it passes through.

In a process of its own, the coordinator's whole way with an executor that hands in at once: queued records, leases, the
run's record, publishing, no container and no gateway, so that what is measured is the queue alone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

RUNS = 1_000
AIM_BYTES = 300e6
COMPETITION = "breast-cancer-wisconsin"


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="podium-perf-") as folder:
        command = [sys.executable, "-m", "perf.queue", folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[1])
    found = json.loads(done.stdout)
    say(
        f"{RUNS:,} queued runs: {found['queued'] / 1e6:.0f} MB (at most {AIM_BYTES / 1e6:.0f}), before any was queued "
        f"{found['before'] / 1e6:.0f} MB; when all have passed {found['after'] / 1e6:.0f} MB"
    )
    each = {name: 1000 * found[name] / RUNS for name in ("queueing", "passing")}
    say(f"    {each['queueing']:.1f} ms a run to queue it, {each['passing']:.1f} ms for it to pass, disk included")


class AtOnce:
    """Hands every task in as it comes, with a record that says it ended."""

    silence_seconds: float | None = None

    def __init__(self, work: object) -> None:
        self._events: list[Any] = []
        self.first: dict[str, float] = {}

    def submit(self, task: Any) -> None:
        """End it."""
        from harness.groups.executor import HandedIn
        from harness.results.layout import RunFolder, RunStatus

        self.first or self.first.update(bytes=_resident(), at=time.monotonic())
        folder = RunFolder(task.folder)
        record = folder.read()
        assert record is not None
        folder.write(record.model_copy(update={"status": RunStatus.COMPLETED}))
        self._events.append(HandedIn(task.token, task.folder))

    def next_event(self, timeout_seconds: float) -> Any:
        """The oldest."""
        return self._events.pop(0) if self._events else None

    def cancel(self, token: int, *, at_once: bool) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing runs."""


def _measure(folder: Path) -> dict[str, float]:
    from harness.groups.coordinator import run_group
    from harness.results.layout import GroupFolder
    from harness.runs.run import RunTools

    plans: list[Any] = _plans(folder)
    tools = RunTools(
        make_sandbox=None,  # type: ignore[arg-type]  # no run gets as far
        make_provider=None,  # type: ignore[arg-type]
        make_budget=None,  # type: ignore[arg-type]
        on_event=lambda plan, stored: None,
        should_stop=lambda: False,
    )
    executor = AtOnce(None)
    before, began = _resident(), time.monotonic()
    run_group(
        plans,
        GroupFolder(folder / "group"),
        tools,
        jobs=4,
        graded=False,
        executor=lambda work: executor,
        on_start=lambda plan: None,
        on_end=lambda plan, finished: None,
    )
    return {
        "before": before,
        "queued": executor.first["bytes"],
        "queueing": executor.first["at"] - began,
        "passing": time.monotonic() - executor.first["at"],
        "after": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _plans(folder: Path) -> list[Any]:
    """A thousand seeds of one competition, as a command has them."""
    from harness.config import load
    from harness.data.prepare import prepare
    from harness.machine.images import ImageRef
    from harness.runs import promptset
    from harness.runs.plan import RunPlan
    from harness.runs.presets import preset
    from harness.specs import catalogue
    from harness.specs.descriptions import Description
    from harness.verbs.choices import BenchOptions

    settings = load({"PODIUM_HOME": str(folder / "home")})
    item = catalogue.of(settings).load(COMPETITION)
    chosen = preset("aide")
    options = BenchOptions((COMPETITION,), group="group")
    first = RunPlan(
        group="group",
        competition=item,
        prepared=prepare(item, data_home=folder / "data"),
        preset=chosen,
        model="offline",
        seed=0,
        steps=20,
        wall_seconds=3600.0,
        candidate_timeout_seconds=600.0,
        limits=options.limits(chosen),
        gpus=None,
        gpus_text="",
        prompts=promptset.find("aide", settings.prompts),
        image=ImageRef("cpu", "tag", "sha256:none", {}),
        description=Description("own", item.description.read_text(encoding="utf-8")),
        budget_usd=None,
    )
    return [replace(first, seed=seed, arguments=options.arguments(COMPETITION, seed)) for seed in range(RUNS)]


def _resident() -> float:
    """Resident bytes now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]))))  # noqa: T201
