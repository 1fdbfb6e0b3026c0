"""A group's records → grading reports in MLE-bench's layout, one run group a seed, that its aggregation accepts.

Only what MLE-bench could have graded goes out: runs with an outcome, on real data, in its own edition. Whatever is left
out is named, never silently dropped. A submission that we refuse and its grader takes is valid there, without a score.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from harness.errors import UserError
from harness.files import write_atomically, write_json
from harness.grading.grade import GradeReport
from harness.rates.grading_reports import EXPERIMENTS, CompetitionReport, content
from harness.results.layout import GroupFolder, RunFolder, RunRecord

EDITION = "mle-bench"


class Exported(NamedTuple):
    """What was written, and which runs were not, with the reason."""

    experiment: str
    files: tuple[Path, ...]
    padded: tuple[str, ...]
    left_out: tuple[str, ...]


def export(group: GroupFolder, into: Path, *, pad: bool = False) -> Exported:
    """Write `<into>/run_group_experiments.csv` and one report a seed; with `pad`, missing runs as failures.

    An agent that shares its group with others is an experiment of its own, so the group must have one agent and model.
    """
    entrants, graded, without, left_out = set(), defaultdict(list), [], []
    for folder in group.runs():
        record = folder.read()
        if record is None:
            continue
        entrants.add((record.agent, record.model))
        grade = _grade(folder)
        if reason := _unfit(record, grade):
            left_out.append(f"{record.run_id}: {reason}")
        elif grade is None or not record.status.is_outcome:
            without.append(record)
        else:
            graded[record.seed].append(_report(group, folder, record, grade))
    if len(entrants) > 1:
        raise UserError(f"{group.name} has runs of {len(entrants)} agents or models; export takes a group of one")
    if not graded:
        why = "; ".join(left_out[:3]) or "none is graded; podium grade GROUP/RUN"
        raise UserError(f"{group.name} has no graded run on real data in an edition of MLE-bench: {why}")
    for record in without if pad else ():
        graded[record.seed].append(CompetitionReport(competition_id=record.competition))
    names = {seed: f"{group.name}-seed{seed:04d}" for seed in sorted(graded)}
    files = [into / name / "grading_report.json" for name in names.values()]
    for (_, reports), file in zip(sorted(graded.items()), files, strict=True):
        write_json(file, content(sorted(reports, key=lambda item: item.competition_id)))
    lines = ["experiment_id,run_group", *(f"{group.name},{name}" for name in names.values())]
    write_atomically(into / EXPERIMENTS, ("\n".join(lines) + "\n").encode())
    missing = tuple(f"{record.run_id}: {record.status}" for record in without)
    left_out += [] if pad else missing
    return Exported(group.name, (into / EXPERIMENTS, *files), missing if pad else (), tuple(left_out))


def _grade(folder: RunFolder) -> GradeReport | None:
    try:
        return GradeReport.model_validate_json(folder.grade_file.read_bytes())
    except FileNotFoundError:
        return None


def _unfit(record: RunRecord, grade: GradeReport | None) -> str | None:
    """Why MLE-bench could not have graded this run; None when it could."""
    if record.answers_shown:
        return "the agent was shown the answers"
    if record.egress.mode != "none":
        return f"its scripts could fetch from a network (egress {record.egress.mode}), which no field of a report says"
    if record.data.stand_in or (grade is not None and grade.stand_in):
        return "on stand-in data"
    if not record.data.edition.startswith(EDITION):
        return f"edition {record.data.edition} is not MLE-bench's"
    return None


def _report(group: GroupFolder, folder: RunFolder, record: RunRecord, grade: GradeReport) -> CompetitionReport:
    lines = grade.thresholds
    medal = grade.medal and grade.medal.value
    return CompetitionReport(
        competition_id=record.competition,
        score=grade.score,
        gold_threshold=lines and lines.gold,
        silver_threshold=lines and lines.silver,
        bronze_threshold=lines and lines.bronze,
        median_threshold=lines and lines.median,
        any_medal=medal in ("gold", "silver", "bronze"),
        gold_medal=medal == "gold",
        silver_medal=medal == "silver",
        bronze_medal=medal == "bronze",
        above_median=bool(grade.above_median),
        submission_exists=grade.submission_exists,
        valid_submission=grade.valid if grade.valid_mle_bench is None else grade.valid_mle_bench,
        is_lower_better=grade.direction == "minimize",
        created_at=record.ended_at or record.created_at,
        submission_path=str(folder.submission.relative_to(group.path.parent)),
    )
