"""Grades a submission against the answers: a pure function of the competition, its prepared data and one file.

No clock, no network, no container. A submission that breaks the rules gives a report with the reason; an error of our
own (answers that can't be read, a metric that is not defined) raises, and is never counted against an agent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from harness import leaderboard, submission
from harness.competition import Competition
from harness.contract import Direction
from harness.errors import InvalidSubmission
from harness.leaderboard import Lines, Medal
from harness.manifest import Prepared
from harness.metrics import Metric
from harness.submission import Predictions

STAND_IN_NOTE = "stand-in data: synthetic, so no medal and no percentile"


class Thresholds(BaseModel):
    """The leaderboard's lines, as MLE-bench's report calls them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gold: float
    silver: float
    bronze: float
    median: float


class GradeReport(BaseModel):
    """`grade.json`. None where a figure does not exist; the note says why."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    schema_version: Literal[1] = 1
    competition: str
    edition: str
    stand_in: bool
    data_source: str
    data_fingerprint: str
    metric: str
    direction: Direction
    submission_exists: bool
    valid: bool
    reason: str | None
    score: float | None
    medal: Medal | None
    above_median: bool | None
    percentile: float | None
    exceeds_percent: float | None
    percentile_note: str | None
    thresholds: Thresholds | None
    teams: int | None

    def to_json(self) -> str:
        """Return the text of `grade.json`."""
        return self.model_dump_json(indent=2) + "\n"


def grade(competition: Competition, prepared: Prepared, path: Path | None) -> GradeReport:
    """Grade the submission at `path`; None, or a path where nothing is, means that none was handed in."""
    competition = competition.at(prepared.manifest.edition)
    if path is None:
        return _report(competition, prepared, exists=False, reason="there is no submission file")
    try:
        predictions = submission.read(competition, prepared, path)
    except InvalidSubmission as invalid:
        return _report(competition, prepared, exists=_exists(path), reason=str(invalid))
    truth = answers(competition, prepared, predictions)
    metric = competition.scorer()
    try:
        score = metric.score(*_as_taken(metric, truth, predictions.at(truth.ids)), competition.metric.options)
    except InvalidSubmission as invalid:
        return _report(competition, prepared, exists=True, reason=str(invalid))
    return _report(competition, prepared, exists=True, score=score)


def answers(competition: Competition, prepared: Prepared, predictions: Predictions) -> Predictions:
    """Return the truth, rows in the predictions' order; ValueError when the private file does not fit."""
    path = prepared.private / competition.answers.file
    try:
        spec = competition.submission
        return submission.read_answers(path.read_bytes(), predictions.ids, spec, competition.answers)
    except InvalidSubmission as error:
        raise ValueError(f"{path} does not fit the spec: {error}; prepare the competition again") from error


def _as_taken(metric: Metric, truth: Predictions, predictions: Predictions) -> tuple[Any, Any]:
    """Return truth and predictions in the form that the metric takes."""
    if metric.takes == "table":
        return truth.columns, predictions.columns
    return truth.array(), predictions.array()


def _report(
    competition: Competition,
    prepared: Prepared,
    *,
    exists: bool,
    reason: str | None = None,
    score: float | None = None,
) -> GradeReport:
    manifest, board = prepared.manifest, competition.leaderboard
    direction = competition.metric.direction
    lines = None
    if board is not None and not manifest.stand_in:
        lines = Lines(board.gold, board.silver, board.bronze, board.median)
    place, note = _standing(competition, score, manifest.stand_in)
    graded = score is not None and lines is not None
    return GradeReport(
        competition=competition.id,
        edition=manifest.edition,
        stand_in=manifest.stand_in,
        data_source=manifest.source,
        data_fingerprint=manifest.fingerprint,
        metric=competition.metric.name,
        direction=direction,
        submission_exists=exists,
        valid=score is not None,
        reason=reason,
        score=score,
        medal=leaderboard.medal_of(score, lines, direction) if graded else None,  # type: ignore[arg-type]
        above_median=leaderboard.above_median(score, lines, direction) if graded else None,  # type: ignore[arg-type]
        percentile=None if place is None else place.percentile,
        exceeds_percent=None if place is None else place.exceeds_percent,
        percentile_note=note,
        thresholds=None if lines is None else Thresholds(**vars(lines)),
        teams=board.teams if board is not None and lines is not None else None,
    )


def _standing(
    competition: Competition, score: float | None, stand_in: bool
) -> tuple[leaderboard.Standing | None, str | None]:
    board = competition.leaderboard
    if stand_in:
        return None, STAND_IN_NOTE
    if board is None:
        return None, "this competition has no leaderboard"
    quantiles = competition.quantiles()
    if quantiles is None or board.teams is None:
        return None, "the leaderboard's quantiles are not known, its lines only"
    if score is None:
        return None, "there is no score"
    place = leaderboard.standing(score, quantiles, board.teams, competition.metric.direction)
    note = "interpolated from 101 quantiles, to within 1 point"
    return place, f"{board.quantiles_note}; {note}" if board.quantiles_note else note


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()
