"""Groups of graded runs on disk without any run: records and grades as the harness writes them."""

from __future__ import annotations

from pathlib import Path

from harness.contract import CandidateLimits, CompetitionBrief, ModelSettings, RunRequest, SearchSettings
from harness.grading.grade import GradeReport, Thresholds
from harness.grading.leaderboard import Medal
from harness.results.layout import GroupFolder, RunFolder, run_id
from harness.results.record import DataRecord, RunRecord, RunStatus

MODEL = ModelSettings(name="offline", api="chat")
LINES = Thresholds(gold=0.9, silver=0.8, bronze=0.7, median=0.6)


def record(group: str, competition: str, seed: int = 0, **changes) -> RunRecord:
    """A run that completed on real data."""
    name = run_id(competition, changes.get("agent", "aide"), seed)
    request = RunRequest(
        run_id=name,
        competition=CompetitionBrief(id=competition, title=competition, metric="accuracy", direction="maximize"),
        search=SearchSettings(steps=20, num_drafts=5, debug_prob=0.5, max_debug_depth=3, k_fold=5),
        code_model=MODEL,
        review_model=MODEL,
        seed=seed,
        deadline_seconds=60,
        candidate=CandidateLimits(timeout_seconds=10, memory_bytes=1, output_bytes=1, file_bytes=1, cpus=(0,)),
        prompt_set="aide",
    )
    fields = {
        "run_id": name,
        "group": group,
        "competition": competition,
        "agent": "aide",
        "model": "offline",
        "seed": seed,
        "status": RunStatus.COMPLETED,
        "owner": "a/b/1/1",
        "created_at": "2026-01-01T00:00:00.000+00:00",
        "ended_at": "2026-01-01T01:00:00.000+00:00",
        "podium_version": "0",
        "plan_sha256": "0" * 64,
        "data": DataRecord(edition="mle-bench-v1", source="kaggle", stand_in=False, data_sha256="0" * 64),
        "request": request,
        "prompt_set": "aide",
        "prompt_set_sha256": "0" * 64,
        "image": "sha256:0",
        "image_tag": "podium",
        "wall_seconds": 60.0,
    }
    return RunRecord(**(fields | changes))


def grade(competition: str, medal: str | None = "none", **changes) -> GradeReport:
    """A valid submission with that medal; None: an invalid one."""
    valid = medal is not None
    fields = {
        "competition": competition,
        "edition": "mle-bench-v1",
        "stand_in": False,
        "data_source": "kaggle",
        "data_fingerprint": "0" * 64,
        "metric": "accuracy",
        "direction": "maximize",
        "submission_exists": True,
        "valid": valid,
        "valid_mle_bench": valid,
        "reason": None if valid else "row 3: no such id",
        "score": 0.65 if valid else None,
        "medal": Medal(medal) if medal else None,
        "above_median": valid or None,
        "percentile": 50.0 if valid else None,
        "exceeds_percent": 50.0 if valid else None,
        "percentile_note": None,
        "thresholds": LINES,
        "teams": 100,
    }
    return GradeReport(**(fields | changes))


def write(group: GroupFolder, record: RunRecord, grade: GradeReport | None) -> RunFolder:
    """Write one run's folder."""
    folder = group.run(record.run_id)
    folder.write(record)
    if grade is not None:
        folder.grade_file.write_text(grade.to_json(), encoding="utf-8")
    return folder


def group_at(path: Path) -> GroupFolder:
    """A group's folder, made."""
    path.mkdir(parents=True)
    return GroupFolder(path)
