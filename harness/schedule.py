"""A group of runs: which still have to run, a few at a time, each graded as it ends.

A run that already has an outcome for the same inputs is left alone, so the same command again does only what is
missing; what has yet to start says so in a record of its own, so that a group that was broken off knows what it lacks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue

from harness.data_in_use import in_use
from harness.errors import UserError
from harness.grade_nodes import grade_nodes_soon
from harness.grade_run import can_grade, grade_run
from harness.plan import RunPlan
from harness.results import GroupFolder, RunFolder, RunRecord, RunStatus
from harness.run import RunTools, first_record, run_one
from harness.sandbox.owner import is_alive, me


@dataclass(frozen=True)
class Finished:
    """A run's final record, and whether it was there already."""

    record: RunRecord
    reused: bool


@dataclass(frozen=True)
class Group:
    """What the runs of one command share."""

    folder: GroupFolder
    tools: RunTools
    graded: bool
    resume: bool
    on_start: Callable[[RunPlan], None]
    on_end: Callable[[RunPlan, Finished], None]

    def settle(self, plan: RunPlan) -> Finished:
        """Have the run's outcome, from before or by running it now, and its grade."""
        folder = self.folder.run(plan.run_id)
        with _claimed(folder), in_use(plan.prepared):
            found = None if self.resume else outcome(plan, folder)
            if found is None:
                self.on_start(plan)
            finished = Finished(
                found or run_one(plan, folder, self.tools, goes_on=self.resume), reused=found is not None
            )
            if self.graded and can_grade(finished.record) and not (finished.reused and folder.grade_file.is_file()):
                grade_run(folder, finished.record, plan.competition, plan.prepared)
                grade_nodes_soon(folder, finished.record, plan.competition, plan.prepared)
        self.on_end(plan, finished)
        return finished


def run_group(
    plans: Sequence[RunPlan],
    group: GroupFolder,
    tools: RunTools,
    *,
    jobs: int,
    graded: bool = True,
    resume: bool = False,
    on_start: Callable[[RunPlan], None],
    on_end: Callable[[RunPlan, Finished], None],
    on_broken: Callable[[RunPlan, BaseException], None] = lambda plan, error: None,
) -> list[Finished]:
    """Run, and unless told otherwise grade, every plan that has no outcome yet; results come in the order of `plans`.

    With `resume` they go on from what was interrupted; one that can't raises `UserError`.

    Plans that were not started when a stop was asked for are left out. When one raises, no other is started, those that
    run are let run to their end, and the error goes on.
    """
    for plan in plans:
        _enqueue(plan, group.run(plan.run_id))
    shared = Group(group, tools, graded, resume, on_start, on_end)
    raised = threading.Event()
    lanes: SimpleQueue[int] = SimpleQueue()
    for lane in range(jobs):
        lanes.put(lane)

    def one(plan: RunPlan) -> Finished | None:
        lane = lanes.get()
        try:
            return None if tools.should_stop() or raised.is_set() else shared.settle(replace(plan, lane=lane))
        except BaseException as error:
            raised.set()
            on_broken(plan, error)
            raise
        finally:
            lanes.put(lane)

    if jobs == 1:
        done = [one(plan) for plan in plans]
    else:
        with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="run") as pool:
            done = list(pool.map(one, plans))
    return [finished for finished in done if finished is not None]


def outcome(plan: RunPlan, folder: RunFolder) -> RunRecord | None:
    """The record of a run that ended with an outcome on the same inputs."""
    record = folder.read()
    if record is not None and record.status.is_outcome and record.plan_sha256 == plan.sha256():
        return record
    return None


def _enqueue(plan: RunPlan, folder: RunFolder) -> None:
    if folder.read() is None:
        folder.write(first_record(plan, RunStatus.QUEUED, attempt=1))


@contextlib.contextmanager
def _claimed(folder: RunFolder) -> Iterator[None]:
    """Be the only one that works on a run: another command with the same group may be at it."""
    busy = f"another podium is at work on {folder.path}. Wait for its end, or choose another --group"
    descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(busy) from None
        record = folder.read()
        if record is not None and record.status is RunStatus.RUNNING and _is_of_another(record.owner):
            raise UserError(f"{busy}. If {record.owner} is long gone: rm {folder.record_file}")
        yield
    finally:
        os.close(descriptor)


def _is_of_another(owner: str) -> bool:
    return owner != me() and is_alive(owner)
