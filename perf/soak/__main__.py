"""`python -m perf.soak [--runs 200] [--seed 1]`: short runs with random failures, and then the books must balance.

Two groups go on at a time on one results folder: an agent that does nothing, and one that does what a model API on
loopback says. Boxes are killed and removed, agents and commands killed, the results' disk filled, the provider fails;
each command is given again until its group is finished, as a person would. In the end every run must have exactly one
final state, every attempt before it one of its own, every figure must recompute, and nothing may be left. Ends with 1
and says what is wrong where that is not so. What strikes when is drawn from the seed; what it meets is not.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness import config
from harness.gateway.providers.fake import FakeProvider
from harness.machine.engine import connect
from harness.results.layout import GroupFolder
from harness.results.verify import Found, verify
from harness.specs.lookup import with_data
from harness.specs.suites import suites_now
from perf.soak.books import left, unbalanced
from perf.soak.faults import Commands, Faults, Model

COMPETITION = "breast-cancer-wisconsin"
AGENT = Path(__file__).parent / "agent"
ENDED = (0, 4)  # every run has an outcome; none of them may have a valid submission
UNEXPECTED = ("with another exit code or a traceback", "never finished")
MOST_ROUNDS = 100
RESULTS_MB = 512
JOBS = 2  # of each group
Say = Callable[[str], None]


@dataclass(frozen=True)
class Group:
    """One of the two groups: its name, its agent, how many runs."""

    name: str
    agent: str
    runs: int

    @property
    def run_ids(self) -> set[str]:
        """The names of its runs."""
        return {f"{COMPETITION}--{Path(self.agent).name}--s{seed}" for seed in range(self.runs)}

    def command(self, runs: int | None = None) -> list[str]:
        """What a person would type, each time the same."""
        small = ["--memory", "0.25", "--disk", "0.1", "--cpus", "1", "--jobs", str(JOBS)]
        chosen = ["--agent", self.agent, "--model", "compatible/fake", "--seeds", str(runs or self.runs)]
        return [sys.executable, "-m", "harness", "bench", COMPETITION, "--group", self.name, *chosen, *small]


def soak(runs: int, seed: int, say: Say = print) -> list[str]:
    """Run it; return what is wrong afterwards. Counts are said."""
    rng = random.Random(seed)  # noqa: S311 - a game, no secret
    token = f"soak-{os.getpid()}"
    obeying = runs // 4
    groups = (Group(f"{token}-nop", "nop", runs - obeying), Group(f"{token}-told", str(AGENT), obeying))
    model = Model(seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="podium-soak-") as name, FakeProvider(otherwise=model) as provider:
        folder = Path(name)
        environ = _environ(folder, provider)
        client = connect(environ)
        with contextlib.closing(client), _small_disk(folder / "results") as limited:
            _make_ready(folder, environ)
            commands = Commands()
            faults = Faults(rng, client, commands, folder / "results" if limited else None)
            with _at_each_start(client, groups, faults.at):
                rounds = _finish(groups, environ, commands)
            wrong = [fault for group in groups for fault in _settled(group, environ, folder)]
            wrong += [one for group in groups for one in _books(group, environ, folder, client)]
            wrong += [f"a command ended as none may: {name}" for name in UNEXPECTED if rounds[name]]
            said = _counts(groups, folder, faults.struck + model.troubles, rounds)
    say(f"{runs} runs, seed {seed}, {time.monotonic() - began:.0f} s")
    for line in said:
        say(line)
    say("the books balance" if not wrong else "THE BOOKS DO NOT BALANCE")
    for line in wrong:
        say(f"  {line}")
    return wrong


def _environ(folder: Path, provider: FakeProvider) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "DOCKER_HOST")}
    prices = folder / "prices.yaml"
    prices.write_text("fake: {input: 1.0, output: 2.0}\n", encoding="utf-8")
    (folder / "t").mkdir()
    return {
        **kept,
        "PODIUM_HOME": str(folder / "home"),
        "PODIUM_RESULTS": str(folder / "results"),
        "PODIUM_LENDING": str(folder / "lending"),
        "TMPDIR": str(folder / "t"),
        "PODIUM_BASE_URL": provider.base_url,
        "PODIUM_API_KEY": "none",
        "PODIUM_PRICES": str(prices),
    }


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[bool]:
    """Have the results on a disk of their own, which may be filled; only root can."""
    folder.mkdir()
    if os.geteuid() != 0:
        yield False
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={RESULTS_MB}m", "tmpfs", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield True
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _make_ready(folder: Path, environ: dict[str, str]) -> None:
    """Build images and prepare data before anything strikes: that is another drill."""
    for agent in ("nop", str(AGENT)):
        group = Group("ready", agent, 1)
        elsewhere = {**environ, "PODIUM_RESULTS": str(folder / "ready")}
        done = subprocess.run(group.command(), env=elsewhere, capture_output=True, text=True, check=False)
        if done.returncode not in (*ENDED, 3):
            raise RuntimeError(f"podium bench ended with {done.returncode}: {done.stderr[-1500:]}")


@contextlib.contextmanager
def _at_each_start(client: Any, groups: tuple[Group, ...], act: Callable[[str], None]) -> Iterator[None]:
    labels = {f"podium.group={group.name}" for group in groups}
    stream = client.events(decode=True, filters={"event": "start", "type": "container"})

    def listen() -> None:
        for event in stream:
            attributes = event["Actor"]["Attributes"]
            if f"podium.group={attributes.get('podium.group')}" in labels:
                act(event["Actor"]["ID"])

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        stream.close()
        listener.join(timeout=10)


def _finish(groups: tuple[Group, ...], environ: dict[str, str], commands: Commands) -> Counter[str]:
    """Give each group's command again and again until it ends with every run finished; count how it ended."""
    ends: Counter[str] = Counter()

    def finish(group: Group) -> None:
        for _ in range(MOST_ROUNDS):
            process = subprocess.Popen(
                group.command(), env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            commands.note(group.name, process)
            _, said = process.communicate()
            ends[f"exit {process.returncode}"] += 1
            if process.returncode in ENDED:
                return
            if process.returncode not in (3, 130, -9) or "Traceback" in said:
                ends[UNEXPECTED[0]] += 1
                sys.stderr.write(said[-3000:])
        ends[UNEXPECTED[1]] += 1

    threads = [threading.Thread(target=finish, args=(group,)) for group in groups]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def _settled(group: Group, environ: dict[str, str], folder: Path) -> Iterator[str]:
    """Give the command once more, when nothing strikes any more: nothing may be run again."""

    def records() -> list[bytes]:
        return [run.record_file.read_bytes() for run in GroupFolder(folder / "results" / group.name).runs()]

    before = records()
    done = subprocess.run(group.command(), env=environ, capture_output=True, text=True, check=False)
    if done.returncode not in ENDED:
        yield f"{group.name}: once more ended with {done.returncode}: {done.stderr[-500:]}"
    if records() != before:
        yield f"{group.name}: a run that had ended was run again"


def _books(group: Group, environ: dict[str, str], folder: Path, client: Any) -> Iterator[str]:
    settings = config.load(environ)
    of = GroupFolder(settings.results / group.name)
    yield from unbalanced(of, group.run_ids)
    for finding in verify(of, partial(with_data, settings), suites_now(settings)):
        if finding.found is not Found.SAME:
            yield f"verify: {finding.where}: {finding.what} {finding.found}: {finding.detail}"
    yield from left(client, group.name, settings.workspaces, Path(environ["TMPDIR"]))


def _counts(groups: tuple[Group, ...], folder: Path, struck: Counter[str], ends: Counter[str]) -> list[str]:
    last: Counter[str] = Counter()
    earlier: Counter[str] = Counter()
    for group in groups:
        for run in GroupFolder(folder / "results" / group.name).runs():
            record = run.read()
            last[record.status if record else "no record"] += 1
            earlier.update(old.status for old in (run.attempt(number).read() for number in run.attempts()) if old)
    return [
        f"what struck ({struck.total()}): {_listed(struck)}",
        f"commands ({ends.total()}): {_listed(ends)}",
        f"earlier attempts ({earlier.total()}): {_listed(earlier)}",
        f"final states ({last.total()}): {_listed(last)}",
    ]


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counted.items())) or "none"


def main() -> int:
    """Parse, soak, say."""
    parser = argparse.ArgumentParser(prog="python -m perf.soak", description="Random failures, then the books.")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    return 1 if soak(chosen.runs, chosen.seed, lambda line: print(line, flush=True)) else 0  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
