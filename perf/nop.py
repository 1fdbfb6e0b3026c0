"""How many runs a second a core, when the agent does nothing: a group from container start to grade, all limits on.

The whole command is counted, so the group's own start, sums and reports are in it, spread over its runs. Its memory is
read as runs end. What sampling resources and keeping the account's pace cost is told by leaving them out, in rounds
that alternate, so that the machine's mood hits all alike. Prints figures; judges nothing.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

COMPETITION = "breast-cancer-wisconsin"
RUNS = 50
EARLY = 10  # runs, after which everything has been imported and made once
AIM = 1.0  # runs a second a core
ROUNDS = 4
RUNS_A_ROUND = 16
ALL = "all on"
WITHOUT = ("without sampling", "without the pace")
NO_SUBMISSION = 4
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    """One command: seconds in all, and at each run's end seconds, the harness's CPU seconds, and resident bytes."""

    seconds: float
    at: list[float]
    cpu: list[float]
    resident: list[int]

    def rate(self) -> float:
        """Runs a second, once the first few were there."""
        return (len(self.at) - 3) / (self.at[-1] - self.at[2])

    def cpu_ms(self) -> float:
        """The harness's CPU time a run."""
        return 1000 * (self.cpu[-1] - self.cpu[2]) / (len(self.cpu) - 3)


@dataclass
class Readings:
    """A watcher that reads this process's clocks and memory whenever a run ends, and passes everything on."""

    behind: Any
    at: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)

    def note(self, happening: Any) -> None:
        """Follow the `Watcher` protocol."""
        from harness.watch.events import RunEnded

        if isinstance(happening, RunEnded):
            self.at.append(time.monotonic())
            self.cpu.append(time.process_time())
            self.resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES)
        self.behind.note(happening)


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print. Data and image are made ready first, so that neither is measured."""
    cores = len(os.sched_getaffinity(0))
    measured(runs=3, jobs=1)
    alone, together = measured(runs=5, jobs=1), measured(RUNS, cores)
    say(f"one after another: {alone.seconds / 5:.2f} s a run; {cores} at a time: {RUNS / together.seconds:.2f} runs/s,")
    say(
        f"    {RUNS / together.seconds / cores:.2f} runs a second a core (at least {AIM:.0f}), {RUNS} runs in "
        f"{together.seconds:.1f} s; {together.cpu_ms():.0f} ms of the harness's CPU time a run"
    )
    early, late = together.resident[EARLY - 1], together.resident[-1]
    say(
        f"resident memory of the harness: {early / 1e6:.1f} MB after {EARLY} runs, {late / 1e6:.1f} MB after {RUNS}: "
        f"ratio {late / early:.3f}, {(late - early) / 1e3 / (RUNS - EARLY):.0f} KB a run"
    )
    rounds = [{name: measured(RUNS_A_ROUND, cores, name) for name in order} for order in _orders()]
    for name in WITHOUT:
        speed = [each[name].rate() / each[ALL].rate() for each in rounds]
        cpu = [each[name].cpu_ms() - each[ALL].cpu_ms() for each in rounds]
        say(
            f"{name}: {statistics.median(speed):.2f} times as many runs a second ({min(speed):.2f} to "
            f"{max(speed):.2f} in {ROUNDS} rounds), {statistics.median(cpu):+.1f} ms of CPU time a run "
            f"({min(cpu):+.1f} to {max(cpu):+.1f})"
        )


def _orders() -> list[list[str]]:
    """Each round has everything; none is always first."""
    names = [ALL, *WITHOUT]
    return [names[turn % 3 :] + names[: turn % 3] for turn in range(ROUNDS)]


def measured(runs: int, jobs: int, how: str = ALL) -> Measured:
    """One command, in a process of its own; none of its runs has a submission, so it would end with 4."""
    with tempfile.TemporaryDirectory(prefix="podium-nop-") as folder:
        command = [sys.executable, "-m", "perf.nop", str(runs), str(jobs), how]
        began = time.monotonic()
        done = subprocess.run(
            command, env={**os.environ, "PODIUM_RESULTS": folder}, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - began
    if done.returncode != NO_SUBMISSION:
        raise RuntimeError(f"the group ended with {done.returncode}: {done.stderr[-1500:]}")
    readings = json.loads(done.stdout.splitlines()[-1])
    return Measured(seconds, readings["at"], readings["cpu"], readings["resident"])


def _group(runs: int, jobs: int, how: str) -> int:
    """Be the command: run the group as `podium bench` does, print the readings, return what it ends with."""
    from harness.runs.bench import Bench
    from harness.sandbox.base import GIB
    from harness.verbs.choices import BenchOptions
    from harness.verbs.progress import say
    from harness.verbs.run_verbs import exit_code, settings_now
    from harness.watch import box
    from harness.watch.sampler import Sampler

    class Watched(Bench):
        def tools(self, *given: Any) -> Any:
            readings.behind = self.watcher
            made = replace(super().tools(*given), watch=readings)
            return replace(made, paces=None) if how == "without the pace" else made

    class NoSampler(Sampler):
        def tick(self, seconds: float) -> None:
            return None

    if how == "without sampling":
        box.Sampler = NoSampler  # type: ignore[attr-defined]
    readings = Readings(None)
    options = BenchOptions(
        competitions=(COMPETITION,),
        agent="nop",
        seeds=tuple(range(runs)),
        jobs=jobs,
        memory_bytes=GIB // 2,
        disk_bytes=GIB // 10,
        group="nop",
    )
    summary = Watched(settings_now(), options, say).run()
    if len(readings.at) != runs or [row.status for row in summary.rows] != ["completed"] * runs:
        return 1
    print(json.dumps(asdict(replace(readings, behind=None))))  # noqa: T201
    return exit_code(summary)


if __name__ == "__main__":
    sys.exit(_group(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
