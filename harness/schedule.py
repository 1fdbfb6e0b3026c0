"""A group of runs: which still have to run, a few at a time, each graded as it ends.

A run that already has an outcome for the same inputs is left alone, so the same command again does only what is
missing. Ctrl-C once lets every running agent finish its node; twice ends everything now.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from harness.grade_run import can_grade, grade_run
from harness.plan import RunPlan
from harness.results import GroupFolder, RunRecord
from harness.run import RunTools, run_one


@dataclass(frozen=True)
class Finished:
    """A run's final record, and whether it was there already."""

    record: RunRecord
    reused: bool


class StopFlag:
    """Set by Ctrl-C; asked by running runs and by the queue."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def __call__(self) -> bool:
        return self._event.is_set()


def run_group(
    plans: Sequence[RunPlan],
    group: GroupFolder,
    tools: RunTools,
    *,
    jobs: int,
    graded: bool = True,
    on_start: Callable[[RunPlan], None],
    on_end: Callable[[RunPlan, Finished], None],
) -> list[Finished]:
    """Run, and unless told otherwise grade, every plan that has no outcome yet; results come in the order of `plans`.

    Plans that were not started when a stop was asked for are left out.
    """

    def one(plan: RunPlan) -> Finished | None:
        if tools.should_stop():
            return None
        found = _outcome(plan, group)
        if found is None:
            on_start(plan)
            record = run_one(plan, group.run(plan.run_id), tools)
            finished = Finished(record, reused=False)
        else:
            finished = Finished(found, reused=True)
        folder = group.run(plan.run_id)
        if graded and can_grade(finished.record) and not (finished.reused and folder.grade_file.is_file()):
            grade_run(folder, finished.record, plan.competition, plan.prepared)
        on_end(plan, finished)
        return finished

    if jobs == 1:
        done = [one(plan) for plan in plans]
    else:
        with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="run") as pool:
            done = list(pool.map(one, plans))
    return [finished for finished in done if finished is not None]


def _outcome(plan: RunPlan, group: GroupFolder) -> RunRecord | None:
    record = group.run(plan.run_id).read()
    if record is not None and record.status.is_outcome and record.plan_sha256 == plan.sha256():
        return record
    return None
