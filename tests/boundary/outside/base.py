"""Probes that are tried on the host: what comes out of a box is read, graded, shown there, and asked about.

Each is a deed: `act` says what it reached, or nothing where it was refused; `control` does the same by a reader that
believes what it is given, and must reach it. InvalidSubmission is a refusal; any other exception is a bug, and raised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InvalidSubmission
from tests.boundary.boxes import Batch, Ran
from tests.boundary.inside.base import FOREIGN


@dataclass(frozen=True)
class Desk:
    """What deeds work on: the runs that the other probes were, the competition, and a folder of their own."""

    batch: Batch
    competition: Any
    prepared: Any
    folder: Path
    results: Path

    @property
    def hostile(self) -> Ran:
        """The run whose every text is an attack."""
        return self.batch.runs[FOREIGN]

    def file(self, content: bytes, name: str = "submission.csv") -> Path:
        """A file with this content."""
        path = self.folder / name
        path.write_bytes(content)
        return path


Act = Callable[[Desk], object]


@dataclass(frozen=True)
class Deed:
    """One forbidden thing that is tried on the host."""

    name: str
    tries: str
    aim: str
    act: Act
    control: Act | None
    no_control: str = ""


DEEDS: dict[str, Deed] = {}


def deed(aim: str, control: Act | None = None, no_control: str = "") -> Callable[[Act], Act]:
    """Register a function as a deed; its name is the deed's, its docstring says what it tries."""

    def register(act: Act) -> Act:
        add(Deed(act.__name__.replace("_", "-"), (act.__doc__ or "").strip(), aim, act, control, no_control))
        return act

    return register


def add(one: Deed) -> None:
    """Register one."""
    assert one.name not in DEEDS and one.tries and bool(one.control) != bool(one.no_control), one.name
    DEEDS[one.name] = one


def became(act: Act, desk: Desk) -> object:
    """What was reached, or nothing."""
    try:
        return act(desk)
    except InvalidSubmission:
        return None
