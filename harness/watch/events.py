"""What is told to whoever watches: each kind of happening, its name in a log, and how loud it is.

A happening is said by whoever it happens to, once; logs and metrics are made of the same. Nothing in it is secret, and
text that agents or models wrote is in none but `RunEnded.reason`, which is one bounded line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Protocol

from harness.watch.samples import Sample

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Subject:
    """Which attempt of which run."""

    group: str
    run: str
    attempt: int


@dataclass(frozen=True)
class Happening:
    """Base of all; `subject` is None where it is about the command as a whole."""

    event: ClassVar[str]
    subject: Subject | None

    @property
    def level(self) -> Level:
        """How much a person cares."""
        return "info"


@dataclass(frozen=True)
class Said(Happening):
    """A line that a person would have read instead."""

    event = "said"
    text: str


@dataclass(frozen=True)
class GroupStarted(Happening):
    """A command begins with so many runs before it."""

    event = "group_started"
    group: str
    runs: int


@dataclass(frozen=True)
class GroupEnded(Happening):
    """The command is through; `missing` runs have no outcome."""

    event = "group_ended"
    group: str
    missing: int
    cost_usd: float


@dataclass(frozen=True)
class RunStarted(Happening):
    """An attempt begins."""

    event = "run_started"
    competition: str
    agent: str
    model: str
    models: tuple[str, ...]
    seed: int


@dataclass(frozen=True)
class BoxStarted(Happening):
    """Its container is up, or could not be started."""

    event = "box_started"
    seconds: float
    problem: str = ""

    @property
    def level(self) -> Level:
        """A box that did not start ends its run."""
        return "error" if self.problem else "info"


@dataclass(frozen=True)
class BoxEnded(Happening):
    """Its container has ended, by itself or not; `exit_code` is None where the engine could not say."""

    event = "box_ended"
    seconds: float
    exit_code: int | None
    oom_kills: int


@dataclass(frozen=True)
class NodeEnded(Happening):
    """A node of the search tree is finished; `seconds` is all of its phases."""

    event = "node_ended"
    node: str
    step: int
    action: str
    outcome: str
    buggy: bool
    score: float | None
    seconds: float


@dataclass(frozen=True)
class CallAttempted(Happening):
    """A provider was asked once, and several times for some calls.

    `answer`: ok, rate_limited, server_error, error, unreachable.
    """

    event = "call_attempted"
    model: str
    answer: str
    status: int | None
    seconds: float

    @property
    def level(self) -> Level:
        """What is tried again is worth a look."""
        return "debug" if self.answer == "ok" else "warning"


@dataclass(frozen=True)
class CallEnded(Happening):
    """A model call is in the books. `seconds` from the client's request to the answer's end, waiting included."""

    event = "call_ended"
    provider: str
    model: str
    outcome: str
    status: int
    attempts: int
    seconds: float
    waiting_seconds: float
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    cost_usd: float | None

    @property
    def level(self) -> Level:
        """An error status is the agent's to live with."""
        return "info" if self.status < 400 else "warning"


@dataclass(frozen=True)
class Sampled(Happening):
    """A look at what the box uses."""

    event = "sampled"
    sample: Sample

    @property
    def level(self) -> Level:
        """Once a second: for `resources.jsonl` and metrics."""
        return "debug"


@dataclass(frozen=True)
class RunEnded(Happening):
    """An attempt has its final record."""

    event = "run_ended"
    status: str
    reason: str
    wall_seconds: float | None
    cost_usd: float

    @property
    def level(self) -> Level:
        """What is not the agent's outcome is trouble, but for what the user wanted."""
        ours = self.status in ("infra_failed", "lost")
        return "error" if self.status == "harness_failed" else "warning" if ours else "info"


@dataclass(frozen=True)
class RunSettled(Happening):
    """The command is done with a run: it was `reused`, or ran and was graded where that was asked for."""

    event = "run_settled"
    group: str
    run: str
    status: str
    reused: bool


@dataclass(frozen=True)
class RunBroke(Happening):
    """A run raised instead of ending."""

    event = "run_broke"
    group: str
    run: str
    error: str

    @property
    def level(self) -> Level:
        """No other run is started after it."""
        return "error"


class Watcher(Protocol):
    """Hears of everything, from any thread; never raises for trouble of its own, and takes no time to speak of."""

    def note(self, happening: Happening) -> None:
        """Take it in."""


class Nobody:
    """A watcher that does not."""

    def note(self, happening: Happening) -> None:
        """Forget it."""


@dataclass(frozen=True)
class Watchers:
    """Several as one."""

    each: tuple[Watcher, ...]

    def note(self, happening: Happening) -> None:
        """Tell each."""
        for one in self.each:
            one.note(happening)


@dataclass(frozen=True)
class Within:
    """Hears of a part of a run that has a box of its own: the run itself starts and ends once."""

    whole: Watcher
    part: str

    def note(self, happening: Happening) -> None:
        """Pass on what is the part's own, under its name."""
        if happening.subject is not None and not isinstance(happening, RunStarted | RunEnded):
            subject = replace(happening.subject, run=f"{happening.subject.run}/{self.part}")
            self.whole.note(replace(happening, subject=subject))
