"""How a group stands, from its files alone: nothing here changes any, and no engine is asked.

What is declared in `group.json`, what `run.json` says of each run, who is at work by `group.sqlite`, and of a run that
goes on what its journal holds so far.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.groups import declared, leases
from harness.groups.leases import AtWork
from harness.results.layout import GroupFolder, RunFolder, RunRecord, RunStatus, read_json
from harness.results.rows import tree_of
from harness.runs.lost import as_it_stands

FEWEST_FOR_ESTIMATE = 3
Class = Literal["infra", "harness", "stopped", "missing", "agent", "timeout", "budget", "invalid"]

# Which runs `podium retry` takes by each of its classes. The last four are the agent's own outcomes.
CLASSES: dict[Class, str] = {
    "infra": "the machine, the engine, a provider or a worker failed (infra_failed, lost)",
    "harness": "Podium failed (harness_failed)",
    "stopped": "ended by the user (stopped)",
    "missing": "declared, and never started (queued, or no record)",
    "agent": "the agent failed (agent_failed): its own outcome",
    "timeout": "ran into its time limit (timed_out): its own outcome",
    "budget": "used up its budget (budget_exhausted): its own outcome",
    "invalid": "completed with no valid submission: its own outcome",
}
OUTCOMES: tuple[Class, ...] = ("agent", "timeout", "budget", "invalid")
_OF_STATUS: dict[RunStatus, Class] = {
    RunStatus.INFRA_FAILED: "infra",
    RunStatus.LOST: "infra",
    RunStatus.HARNESS_FAILED: "harness",
    RunStatus.STOPPED: "stopped",
    RunStatus.QUEUED: "missing",
    RunStatus.AGENT_FAILED: "agent",
    RunStatus.TIMED_OUT: "timeout",
    RunStatus.BUDGET_EXHAUSTED: "budget",
}


@dataclass(frozen=True)
class Going:
    """A run that goes on."""

    run_id: str
    attempt: int
    step: int
    steps: int
    best: float | None
    seconds: float
    owner: str
    cpus: tuple[int, ...] = ()  # their numbers, and the UUIDs of its GPUs
    gpus: tuple[str, ...] = ()
    resumed_from: int | None = None  # the attempt that it goes on from


@dataclass(frozen=True)
class Trouble:
    """A run that ended without an outcome, or with one of the agent's failures."""

    run_id: str
    status: RunStatus
    attempt: int
    reason: str
    retry: Class | None  # the class that `podium retry` knows it by
    nodes: int = 0  # of an interrupted attempt, which are kept


@dataclass(frozen=True)
class GroupStatus:
    """How a group stands. `missing` are runs that are declared, or queued, and have not started."""

    group: str
    declared: int
    at_work: AtWork | None
    counts: dict[str, int]
    graded: int
    invalid: int
    attempts: int
    going: tuple[Going, ...]
    troubles: tuple[Trouble, ...]
    missing: tuple[str, ...]
    eta_seconds: float | None
    eta_from: int  # of so many finished runs; 0 where nothing is known
    networked: dict[str, int]  # runs whose scripts can fetch something: by egress, how many
    waits_for: str | None = None  # in words, what other commands hold that its next run needs


def status_of(
    group: GroupFolder, now: datetime.datetime, waits_for: Callable[[str], str | None] = lambda owner: None
) -> GroupStatus:
    """Read how the group stands; `waits_for` knows what an owner waits for on its machine."""
    known = declared.read(group)
    records = {folder.path.name: record for folder in group.runs() if (record := folder.read()) is not None}
    records = {name: as_it_stands(record) for name, record in records.items()}
    cells = known.cells() if known else []
    missing = [name for name in cells if name not in records]
    missing += [name for name, record in records.items() if record.status is RunStatus.QUEUED]
    going = [_going(group.run(name), r, now) for name, r in records.items() if r.status is RunStatus.RUNNING]
    classes = {name: class_of(group.run(name), record) for name, record in records.items()}
    there = leases.last(group)
    at_work = there if there is not None and there.alive else None
    eta, basis = _estimate(list(records.values()), going, len(missing), at_work)
    return GroupStatus(
        group=group.name,
        declared=len({*cells, *records}),
        at_work=at_work,
        counts=_counts(records, len(missing)),
        graded=sum(group.run(name).grade_file.is_file() for name in records),
        invalid=sum(kind == "invalid" for kind in classes.values()),
        attempts=sum(1 + len(group.run(name).attempts()) for name, r in records.items() if r.status != "queued"),
        going=tuple(going),
        troubles=tuple(_troubles(group, records, classes)),
        missing=tuple(missing),
        eta_seconds=eta,
        eta_from=basis,
        waits_for=waits_for(at_work.owner) if at_work else None,
        networked=dict(Counter(mode for r in records.values() if (mode := r.egress.mode) != "none")),
    )


def class_of(folder: RunFolder, record: RunRecord) -> Class | None:
    """The class by which `podium retry` knows the run; None where it goes on, or ended with a valid submission."""
    status = as_it_stands(record).status
    if status is RunStatus.COMPLETED:
        return None if is_valid(folder) is not False else "invalid"
    return _OF_STATUS.get(status)


def is_valid(folder: RunFolder) -> bool | None:
    """Is the run's submission valid, by its grade? None where it has none."""
    grade = read_json(folder.grade_file)
    return None if grade is None else bool(grade.get("valid"))


def _counts(records: dict[str, RunRecord], missing: int) -> dict[str, int]:
    counted = Counter(str(record.status) for record in records.values() if record.status is not RunStatus.QUEUED)
    if missing:
        counted["missing"] = missing
    return dict(counted)


def _troubles(group: GroupFolder, records: dict[str, RunRecord], classes: dict[str, Class | None]) -> list[Trouble]:
    found = []
    for name, record in records.items():
        kind, reason = classes[name], record.reason
        if kind in (None, "missing"):
            continue
        if kind == "invalid":
            reason = str((read_json(group.run(name).grade_file) or {}).get("reason") or reason)
        nodes = 0 if record.status.is_outcome else tree_of(group.run(name).events(), "maximize").steps
        found.append(Trouble(name, record.status, record.attempt, reason, kind, nodes))
    return found


def _going(folder: RunFolder, record: RunRecord, now: datetime.datetime) -> Going:
    tree = tree_of(folder.events(), record.request.competition.direction)
    began = datetime.datetime.fromisoformat(record.started_at or record.created_at)
    return Going(
        run_id=record.run_id,
        attempt=record.attempt,
        step=tree.steps,
        steps=record.request.search.steps,
        best=tree.validation_score,
        seconds=max(0.0, (now - began).total_seconds()),
        owner=record.owner,
        resumed_from=record.resumed_from,
        cpus=record.reservation.cpus if record.reservation else (),
        gpus=record.reservation.gpus if record.reservation else (),
    )


def _estimate(
    records: list[RunRecord], going: list[Going], missing: int, at_work: AtWork | None
) -> tuple[float | None, int]:
    """Seconds until all is done, if the rest takes as long on average as what is finished; None where that is unknown.

    Of a run that goes on, what it has taken is taken off; one that took longer than the average may end any time.
    """
    took = [record.wall_seconds for record in records if record.status.is_outcome and record.wall_seconds]
    if at_work is None or len(took) < FEWEST_FOR_ESTIMATE:
        return None, 0
    mean = math.fsum(took) / len(took)
    left = [max(0.0, mean - one.seconds) for one in going] + [mean] * missing
    jobs = max(1, at_work.jobs)
    return max(math.fsum(left) / jobs, max(left, default=0.0)), len(took)
