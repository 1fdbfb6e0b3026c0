"""Who and where everything is inside the box: uids, folders, the slots. The image lays the same numbers out.

An *ender* is a uid that no process has as its effective one. It stands as the real uid of a slot's keeper, so that
the keeper can take a candidate's uid for a moment (to end its processes) while the candidate can't signal it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MOST_SLOTS = 16
FIRST_CANDIDATE = 10100
FIRST_ENDER = 10200


@dataclass(frozen=True)
class Identity:
    """A uid (its gid has the same number) and the ender that may end its processes."""

    uid: int
    ender: int

    def __post_init__(self) -> None:
        # kill(-1) is sent with these: 0, or a person's uid on a host, must be impossible.
        if not (10000 <= self.uid < 11000 and 10000 <= self.ender < 11000 and self.uid != self.ender):
            raise ValueError(f"uid {self.uid} with ender {self.ender} is not one of the box's own")


AGENT = Identity(uid=10001, ender=FIRST_ENDER + MOST_SLOTS)


@dataclass(frozen=True)
class Slot:
    """One candidate's place. `gate` is root's, so that a candidate can't open it; `folder` below it is its own."""

    number: int
    home: Path = Path("/home")

    def __post_init__(self) -> None:
        if not 0 <= self.number < MOST_SLOTS:
            raise ValueError(f"slot {self.number} is not in 0..{MOST_SLOTS - 1}")

    @property
    def identity(self) -> Identity:
        """The uid of what runs here."""
        return Identity(uid=FIRST_CANDIDATE + self.number, ender=FIRST_ENDER + self.number)

    @property
    def gate(self) -> Path:
        """The folder that only this slot's group may pass."""
        return self.home / "slots" / str(self.number)

    @property
    def folder(self) -> Path:
        """Where the script runs."""
        return self.gate / "run"


@dataclass(frozen=True)
class Ground:
    """The box as it is laid out; other values than the defaults are for tests outside a container."""

    home: Path = Path("/home")
    python: Path = Path("/opt/candidate/bin/python")
    shared: tuple[Path, ...] = (Path("/tmp"), Path("/dev/shm"))  # noqa: S108 - every uid may write here; swept after each run
    queues: Path = Path("/dev/mqueue")  # where Landlock is missing, every uid may make some
    agent_gate: Path = Path("/run/agent")
    slots: int = 1
    given: tuple[tuple[str, str], ...] = ()  # variables that the harness gives to scripts

    @property
    def data(self) -> Path:
        """The public data, the same for everybody."""
        return self.home / "data"

    @property
    def sample(self) -> Path:
        """The agent's small copy of the data: it alone writes there, and every candidate may read it."""
        return self.home / "sample"

    def slot(self, number: int) -> Slot:
        """The slot with this number."""
        return Slot(number, self.home)
