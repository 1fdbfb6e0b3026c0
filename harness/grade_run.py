"""The grading stage of one run: submission.csv + private answers → grade.json. The rule itself is `grade.py`'s.

Grades outcomes of the agent only: a run that infrastructure or our own bug ended has no grade, and counts as missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.files import write_json
from harness.results import RunFolder, RunRecord, RunStatus

if TYPE_CHECKING:
    from harness.competition import Competition
    from harness.grade import GradeReport
    from harness.manifest import Prepared


def can_grade(record: RunRecord) -> bool:
    """Does this run say something about the agent? A run stopped on request is graded too: it may have a submission."""
    return record.status.is_outcome or record.status is RunStatus.STOPPED


def grade_run(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> GradeReport:
    """Grade and write `grade.json`; a bug in the grader raises."""
    from harness.grade import grade

    submission = folder.submission if folder.submission.is_file() else None
    report = grade(competition, prepared, submission)
    if submission is None and record.submission_problem:
        report = report.model_copy(update={"submission_exists": True, "reason": record.submission_problem})
    write_json(folder.grade_file, report.model_dump(mode="json"))
    return report
