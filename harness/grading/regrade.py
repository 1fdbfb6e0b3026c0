"""Grade a whole group once more, after a metric, a spec or a leaderboard changed, and say what that changed.

Each grade that is replaced is kept beside the run, so that a figure that was once published can still be found. A run
that can't be graded, or whose prepared data are gone or others, keeps its grade and is named with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import UserError
from harness.results.layout import GroupFolder, RunFolder, read_json

if TYPE_CHECKING:
    from harness.data.manifest import Prepared
    from harness.specs.competition import Competition

FindData = Callable[[str, str | None], "tuple[Competition, Prepared]"]


class Change(NamedTuple):
    """One field of a grade, before and after."""

    run_id: str
    field: str
    before: Any
    after: Any


class Regraded(NamedTuple):
    """What came of it."""

    graded: int
    first_grades: tuple[str, ...]
    changes: tuple[Change, ...]
    left: tuple[tuple[str, str], ...]


def regrade(group: GroupFolder, find: FindData, *, write: bool = True) -> Regraded:
    """Grade every run of the group again; without `write`, only say what would change."""
    changes: list[Change] = []
    first, left = [], []
    graded = 0
    for folder in group.runs():
        try:
            before, after = _both(folder, find, write=write)
        except UserError as error:
            left.append((folder.path.name, str(error)))
            continue
        graded += 1
        if before is None:
            first.append(folder.path.name)
        else:
            changes += differences(folder.path.name, before, after)
    return Regraded(graded, tuple(first), tuple(changes), tuple(left))


def differences(run_id: str, before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return the fields that differ; one that a grade of an older version lacks counts as null."""
    return [
        Change(run_id, name, before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


def _both(folder: RunFolder, find: FindData, *, write: bool) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    from harness.grading.grade_nodes import grade_nodes
    from harness.grading.grade_run import grade_of, keep, record_to_grade

    before = read_json(folder.grade_file)
    record = record_to_grade(folder)
    competition, prepared = find(record.competition, record.data.edition)
    report = grade_of(folder, record, competition, prepared)
    if write:
        keep(folder, report)
        if folder.node_grades.is_file():  # what was asked for once is not left behind
            grade_nodes(folder, record, competition, prepared)
    return before, report.model_dump(mode="json")
