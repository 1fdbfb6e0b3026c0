"""`python -m tests.drills.struck PLACE WHAT ARGUMENTS…`: podium, and where it comes to PLACE something happens to it.

WHAT is the number of a process that is killed, 0 for podium itself, or else a command that is run there.
"""

from __future__ import annotations

import importlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Place:
    """A function of the harness or of what it stands on; where `given` holds of its arguments, at its `nth` call."""

    module: str
    name: str  # in the module, with dots
    after: bool = False
    given: Callable[..., bool] = lambda *arguments, **named: True
    nth: int = 1
    over: bool = False  # the run has its outcome by then


def _file(name: str) -> Callable[..., bool]:
    return lambda source, target: Path(target).name == name


PLACES = {
    "data are prepared": Place("harness.runs.resolving", "Resolver.image"),
    "a workspace is half made": Place("docker.models.volumes", "VolumeCollection.create"),
    "a container is made": Place("docker.models.containers", "Container.start"),
    "a container has started": Place("docker.models.containers", "Container.start", after=True),
    "the agent runs": Place("harness.sandbox.docker", "DockerSandbox._ended"),
    "the submission is to be taken": Place("harness.sandbox.docker", "DockerSandbox.fetch"),
    "the box is to be removed": Place("harness.sandbox.docker", "DockerSandbox.remove"),
    "the last record is to be written": Place(
        "harness.results.layout", "RunFolder.write", given=lambda folder, record: record.ended_at is not None
    ),
    "a record is half written": Place("pathlib", "Path.replace", given=_file("run.json"), nth=3),
    "grading": Place("harness.grading.grade_run", "log_reading", after=True, over=True),
    "a grade is half written": Place("pathlib", "Path.replace", given=_file("grade.json"), over=True),
    "adding up": Place("harness.rates.aggregate", "summarise", over=True),
    "a summary is half written": Place("pathlib", "Path.replace", given=_file("summary.json"), over=True),
    "a report is to be written": Place("harness.report.markdown", "write", over=True),
}


def strike_at(place: Place, strike: Callable[[], None]) -> None:
    """Have `strike` called when the harness comes there."""
    owner: Any = importlib.import_module(place.module)
    *path, name = place.name.split(".")
    for part in path:
        owner = getattr(owner, part)
    real, calls = getattr(owner, name), [0]

    def struck(*arguments: Any, **named: Any) -> Any:
        meant = place.given(*arguments, **named)
        calls[0] += meant
        now = meant and calls[0] == place.nth
        if now and not place.after:
            strike()
        result = real(*arguments, **named)
        if now and place.after:
            strike()
        return result

    setattr(owner, name, struck)


def happen(what: str) -> None:
    """Kill a process, or run a command that must succeed."""
    if what.isdecimal():
        kill(int(what))
    else:
        subprocess.run(shlex.split(what), check=True, capture_output=True)


def kill(pid: int) -> None:
    """`kill -9`, and wait until whoever that was is gone."""
    os.kill(pid or os.getpid(), signal.SIGKILL)
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)


def main() -> None:
    place, what, *arguments = sys.argv[1:]
    strike_at(PLACES[place], lambda: happen(what))
    sys.argv = ["podium", *arguments]
    from harness.cli import main as podium

    podium()


if __name__ == "__main__":
    main()
