"""The seam between who decides what runs and who carries it out, here or on another machine.

The coordinator submits tasks and hears events. A worker carries a task out into a folder and hands that in; it never
publishes: the token in the task says which lease the work was done under, and only the coordinator, which knows
whether that lease still holds, makes a result of it. A `Task` is plain data, so that it can travel: another machine
resolves the same plan from `arguments` as the command line would, and knows by `plan_sha256` that it is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from harness.runs.stopping import StopFlag


class Needs(BaseModel):
    """What a run takes of a machine while it lasts; `gpus` is what `--gpus` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    cpus: float
    memory_bytes: int
    disk_bytes: int
    gpus: str = ""


class Place(BaseModel):
    """What a run was given of its machine. `lane` is its place among the runs that go on at a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    lane: int = 0
    cpus: tuple[int, ...] = ()  # their numbers; empty: as the lane has it
    gpus: tuple[str, ...] = ()  # their UUIDs; empty: as `Needs.gpus` has it
    waited_seconds: float = 0.0  # until the place was free


class Task(BaseModel):
    """One attempt of one run. `token` grows with every lease, so a later attempt has a larger one.

    `folder` is where the coordinator keeps the run. A worker that shares it works there; any other works in a folder
    of its own and names that when it hands in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    group: str
    run_id: str
    configuration: str = ""
    attempt: int
    token: int
    arguments: tuple[str, ...]  # what follows `podium bench`, with every limit stated
    plan_sha256: str
    needs: Needs
    place: Place = Place()
    goes_on: bool = False  # from what the attempt before left
    folder: Path


@dataclass(frozen=True)
class Alive:
    """A sign of life; `nodes` and `best` where the worker knows them."""

    token: int
    nodes: int | None = None
    best: float | None = None


@dataclass(frozen=True)
class HandedIn:
    """The task ended, however the run came out: `folder` holds its record and files."""

    token: int
    folder: Path


@dataclass(frozen=True)
class Raised:
    """The task raised: our bug, the user's error found out late, or `Interrupted` where it was ended at once."""

    token: int
    error: BaseException


@dataclass(frozen=True)
class Vanished:
    """Whoever carried the task out is gone (its node, its process); nothing will be handed in under this token."""

    token: int
    reason: str


class WorkerGone(Exception):
    """What `Work` raises when whoever it had carry the task out is gone."""


Event = Alive | HandedIn | Raised | Vanished

# Carries a task out where a worker is; returns the folder that holds the results. It asks the flag about once a second.
Work = Callable[[Task, StopFlag], Path]


class Executor(Protocol):
    """Carries tasks out. Every submitted task ends with exactly one of HandedIn, Raised, Vanished.

    Used from one thread. Which tasks may run at a time is the coordinator's to say (`admission.py`): what is submitted
    is started as soon as the executor can.
    """

    @property
    def silence_seconds(self) -> float | None:
        """How long a task may be without a sign of life until its lease is lost; None: forever, Vanished is told."""

    def submit(self, task: Task) -> None:
        """Take a task on; returns at once. Raise `InfrastructureError` where no worker can be had at all."""

    def next_event(self, timeout_seconds: float) -> Event | None:
        """Wait for the next event, at most so long; None where there was none."""

    def cancel(self, token: int, *, at_once: bool) -> None:
        """Ask a task to end: in order, after the node it is at, or at once. Of one that has ended, nothing happens."""

    def close(self) -> None:
        """End what still runs, at once, and return when nothing of it does; idempotent. Events may be lost."""
