"""What runs in each box: plant, wait for the box beside, try every probe, tell what became of each."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable

from tests.boundary.inside import base, ground, hostile
from tests.boundary.inside.base import AGENT, CANDIDATE, FOREIGN, ROOT, At, needle
from tests.boundary.inside.door import asked, event, node, posted

MARK = "PROBED "
END: dict[str, object] = {"type": "end", "reason": "steps", "message": "", "best": None}
PUBLISHED = "/home/submission/submission.csv"


def tell(level: str, became: Iterable[dict[str, str]]) -> None:
    """A line a probe, as it is tried."""
    for one in became:
        sys.stdout.write(MARK + json.dumps({"level": level, **one}) + "\n")
        sys.stdout.flush()


def beside_another(level: str, names: list[str], at: At) -> None:
    """Probe while a neighbour is there, and stay until that one has probed too."""
    at.never, _ = os.pipe()
    ground.plant_as_neighbour(needle(at, "own"))
    event(at, type="start", python="3", packages={})
    ground.wait_for("/run/agent/door/go")
    tell(level, base.run_all(names, at))
    if level == AGENT:
        as_candidates(at)
    event(at, **node("probed"))
    ground.wait_for("/run/agent/door/end")


def as_candidates(at: At) -> None:
    """Have candidates probe: they are started as every script is."""
    from pathlib import Path

    from agent.contract import CandidateLimits  # in the box only
    from agent.interpreter import slots

    (interpreter,) = slots(os.environ)
    ground.plant_as_agent(at)
    limits = CandidateLimits(
        timeout_seconds=120, memory_bytes=300 << 20, output_bytes=256 << 10, file_bytes=16 << 20, cpus=(0,)
    )
    for number, code in enumerate(at.scripts):
        execution = interpreter.run(code, Path(f"/home/agent/nodes/s{number}"), limits)
        sys.stdout.write(execution.output + f"\nscript {number}: {execution.outcome}\n")
        sys.stdout.flush()


def candidate(names: list[str], at: At) -> None:
    """As a script: what is open before it begins was inherited."""
    at.inherited = [fd for fd in range(3, 1024) if os.path.exists(f"/proc/self/fd/{fd}") and not _of_the_listing(fd)]
    at.never, _ = os.pipe()
    at.folder = os.path.abspath("working")
    tell(CANDIDATE, base.run_all(names, at))


def _of_the_listing(fd: int) -> bool:
    """Was it opened by looking?"""
    try:
        return os.readlink(f"/proc/self/fd/{fd}").endswith("/fd")
    except OSError:
        return True


def agent(names: list[str], at: At) -> None:
    """As our agent, below the supervisor."""
    beside_another(AGENT, names, at)
    os.unlink(PUBLISHED)
    for made in at.hand_in:
        exec(made, {"os": os})
    _end(at)


def foreign(names: list[str], at: At) -> None:
    """As another agent, in a box of its own kind."""
    beside_another(FOREIGN, names, at)
    event(at, **hostile.node())
    for made in at.hand_in:
        exec(made, {"os": os})
    _end(at, hostile.END)


def root(names: list[str], at: At) -> None:
    """In the supervisor's place: nobody inside has more rights."""
    beside_another(ROOT, names, at)
    _end(at)


def in_the_open(names: list[str], at: At) -> None:
    """Without walls, and with everything there: each probe must reach what it tries for."""
    at.never, _ = os.pipe()
    ground.plant_everything(at)
    ground.says_everything(at)
    tell("open box", base.run_all(names, at))


def _end(at: At, end: dict[str, object] = END) -> None:
    code, _ = asked(at, "GET", "/podium/status")
    assert code == 200, "the gateway must outlive whatever was sent to it"
    posted(at, "/podium/events", end)
