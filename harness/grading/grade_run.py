"""The grading stage of one run: submission.csv + private answers → grade.json. The rule itself is `grade.py`'s.

Grades outcomes of the agent only: a run that infrastructure or our own bug ended has no grade, and counts as missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.files import write_json
from harness.results.layout import RunFolder, RunRecord, RunStatus, append_line, now, read_json
from harness.runs.lost import as_it_stands

if TYPE_CHECKING:
    from harness.data.manifest import Prepared
    from harness.grading.grade import GradeReport
    from harness.specs.competition import Competition


def can_grade(record: RunRecord) -> bool:
    """Does this run say something about the agent? A run stopped on request is graded too: it may have a submission."""
    return record.status.is_outcome or record.status is RunStatus.STOPPED


def record_to_grade(folder: RunFolder) -> RunRecord:
    """The record of a run that can be graded; raise `UserError` for any other."""
    found = folder.read()
    if found is None:
        raise UserError(f"{folder.path} holds no run.json. See: podium aggregate")
    record = as_it_stands(found)
    if not can_grade(record):
        again = f"podium bench {record.competition} --group {record.group}"
        because = f" ({record.reason})" if record.reason else ""
        raise UserError(f"{record.run_id} is {record.status}{because}: nothing to grade. Once more, as before: {again}")
    return record


def refuse_other_data(record: RunRecord, competition: Competition, prepared: Prepared) -> None:
    """Raise `UserError` unless these are the data that the run saw."""
    if prepared.manifest.fingerprint != record.data.data_sha256:
        raise UserError(
            f"the prepared data of {competition.id} ({prepared.manifest.source}) are not those that {record.run_id} "
            f"saw ({record.data.source}): prepare those first, see: podium prepare --help"
        )


def grade_run(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> GradeReport:
    """Grade and write `grade.json`; a bug in the grader raises, other data than the run's are the user's error."""
    report = grade_of(folder, record, competition, prepared)
    keep(folder, report)
    return report


def grade_of(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> GradeReport:
    """Grade a run's submission; write nothing but that the answers were read."""
    refuse_other_data(record, competition, prepared)
    log_reading(folder, "submission")
    return recomputed(folder, record, competition, prepared)


def recomputed(folder: RunFolder, record: RunRecord, competition: Competition, prepared: Prepared) -> GradeReport:
    """The grade as it would be now, of a run whose end and first grading are on record."""
    from harness.data.data_in_use import in_use
    from harness.grading import full_leaderboard
    from harness.grading.grade import grade
    from harness.runs.isolation import statement

    refuse_other_data(record, competition, prepared)
    submission = folder.submission if folder.submission.is_file() else None
    with in_use(prepared):
        report = grade(competition, prepared, submission, full_leaderboard.beside(prepared))
    if submission is None and record.submission_problem:
        report = report.model_copy(update={"submission_exists": True, "reason": record.submission_problem})
    return report.model_copy(update={"statement": statement(folder, record)})


def log_reading(folder: RunFolder, what: str) -> None:
    """Write down, before it happens, that the answers are read for this run, and the end that the run has by then.

    The order of the two is told by that end, not by the clock: it may have been set back in between.
    """
    record = folder.read()
    ended_at = record.ended_at if record is not None else None
    append_line(folder.gradings, {"schema_version": 1, "at": now(), "graded": what, "run_ended_at": ended_at})


def keep(folder: RunFolder, report: GradeReport) -> None:
    """Write `grade.json`; a grade that said something else is set aside first, a grade that said the same stays."""
    from harness.grading.regrade import differences

    content = report.model_dump(mode="json")
    before = read_json(folder.grade_file)
    if before is not None and not differences(folder.path.name, before, content):
        return
    if before is not None:
        write_json(folder.next_earlier_grade(), before)
    write_json(folder.grade_file, content)
