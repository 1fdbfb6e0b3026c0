"""A group's records and grades, read into one row a run.

Small files are read: run.json holds what its journal adds up to, so the journal itself is read only for runs that are
not over, or are of an older version; of the nodes' grades the head. Where there are many runs several processes read.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harness.results.heads import TreeHead, head_of
from harness.results.layout import GroupFolder, RunFolder, RunRecord
from harness.results.readers import read_beside
from harness.results.reading import flags_of, grade_of, node_grades_of, read_many
from harness.results.record import TreeRecord
from harness.results.row import Row, row_of
from harness.runs.lost import as_it_stands

PHASES = ("model", "execute", "check", "review", "overhead")
MANY = 20_000  # runs above which several processes are worth their start
MOST_PROCESSES = 8  # this one takes in what they read, and would keep no more of them busy
BATCH = 1000


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector off: no row is in a cycle, and a look at 100,000 takes half as long as their rates."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def rows_of(group: GroupFolder) -> list[Row]:
    """Read a group's runs, a row each, by name; raise `UserError` where a record is not one of this version."""
    with uncollected():
        return list(_rows(group))


def _rows(group: GroupFolder) -> Iterator[Row]:
    for found in _read(str(group.path.absolute()), group.names()):  # strings, not paths: there may be 100,000
        for one in found:
            read = one if isinstance(one, Row) else _whole(RunFolder(group.path / one))
            if read is not None:
                yield read


def _read(group: str, names: Sequence[str]) -> Iterator[list[Row | str]]:
    """Read the runs of these names, batch by batch, in their order."""
    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    processes = processes_for(len(names))
    if processes > 1:
        return read_beside(group, batches, processes)
    return (read_many(group, batch) for batch in batches)


def processes_for(runs: int) -> int:
    """How many processes read so many runs; 1: this one does."""
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES) if runs > MANY else 1


def _whole(folder: RunFolder) -> Row | None:
    """The row of a run that is not over or has no tree; or the `UserError` that says what is wrong with its files."""
    record = folder.read()
    return None if record is None else row(folder, as_it_stands(record))


def row(folder: RunFolder, record: RunRecord, tree: TreeRecord | None = None) -> Row:
    """One run's row, from its record, its grade, and for a run that is not over its journal, unless `tree` is known."""
    run = str(folder.path)
    found = record.tree or tree or tree_of(folder.events(), record.request.competition.direction)
    known = TreeHead(
        steps=found.steps,
        good_nodes=found.good_nodes,
        validation_score=found.validation_score,
        phase_seconds=found.phase_seconds,
    )
    return row_of(head_of(record), known, grade_of(run), node_grades_of(run), flags_of(run))


def tree_of(events: Iterable[dict[str, Any]], direction: str) -> TreeRecord:
    """What a journal's nodes add up to."""
    nodes = [event for event in events if event["type"] == "node"]
    scores = [node["score"] for node in nodes if not node["buggy"] and node["score"] is not None]
    spent = [node["seconds"] for node in nodes]
    return TreeRecord(
        steps=len(nodes),
        good_nodes=len(scores),
        validation_score=(max if direction == "maximize" else min)(scores, default=None),
        phase_seconds={phase: round(sum([seconds.get(phase, 0.0) for seconds in spent]), 3) for phase in PHASES},
    )
