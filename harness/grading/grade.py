"""Grades a submission against the answers: a pure function of the competition, its prepared data and one file.

No clock, no network, no container. A submission that breaks the rules gives a report with the reason; an error of our
own (answers that can't be read, a metric that is not defined) raises, and is never counted against an agent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from harness.contract import Direction
from harness.data.manifest import Prepared
from harness.errors import InvalidSubmission
from harness.grading import submission
from harness.grading.full_leaderboard import FullLeaderboard
from harness.grading.leaderboard import Medal
from harness.grading.place import place_of
from harness.grading.submission import Predictions
from harness.metrics import Metric
from harness.results.record import Statement
from harness.specs.competition import Competition

NO_LABELS = "no labels: validation only"  # the reason why a valid submission has no score


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
    leaks: tuple[str, ...] = ()
    metric: str
    direction: Direction
    submission_exists: bool
    valid: bool
    valid_mle_bench: bool | None = None
    reason: str | None
    score: float | None
    medal: Medal | None
    above_median: bool | None
    percentile: float | None
    exceeds_percent: float | None
    percentile_note: str | None
    thresholds: Thresholds | None
    teams: int | None
    statement: Statement | None = None

    def to_json(self) -> str:
        """Return the text of `grade.json`."""
        return self.model_dump_json(indent=2) + "\n"


def grade(
    competition: Competition, prepared: Prepared, path: Path | None, full: FullLeaderboard | None = None
) -> GradeReport:
    """Grade the submission at `path`; None, or a path where nothing is, means that none was handed in.

    With the full leaderboard, if the user has it, the place is exact.
    """
    competition = competition.at(prepared.manifest.edition)
    if path is None:
        return _report(competition, prepared, full, None, reason="there is no submission file")
    try:
        if competition.unlabelled:
            submission.check(competition, prepared, path)
            return _report(competition, prepared, full, path, reason=NO_LABELS, valid=True)
        truth, predictions = _read_both(competition, prepared, path)
    except InvalidSubmission as invalid:
        return _report(competition, prepared, full, path, reason=str(invalid))
    metric = competition.scorer()
    try:
        score = metric.score(*_as_taken(metric, truth, predictions), competition.metric.options)
    except InvalidSubmission as invalid:
        return _report(competition, prepared, full, path, reason=str(invalid), unscorable=True)
    return _report(competition, prepared, full, path, score=score)


def _read_both(competition: Competition, prepared: Prepared, path: Path) -> tuple[Predictions, Predictions]:
    """Return truth and predictions, their rows in the same order.

    The answers' ids are mostly those of the sample submission, which then need not be read; what does not fit at once
    is read against the sample, so that reasons never depend on the answers.
    """
    spec = competition.submission
    if not (competition.answers.subset or spec.by_position):
        try:
            content = (prepared.private / competition.answers.file).read_bytes()
            truth = submission.read_answers(content, None, spec, competition.answers)
            del content
            content = submission.read_bytes(path, submission.largest(spec, prepared.sample))
            return truth, submission.parse(content, spec, truth.ids)
        except (InvalidSubmission, OSError):
            pass
    predictions = submission.read(competition, prepared, path)
    truth = answers(competition, prepared, predictions)
    return truth, predictions.at(truth.ids)


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
        return dict(truth.columns), dict(predictions.columns)
    return truth.array(), predictions.array()


def _report(
    competition: Competition,
    prepared: Prepared,
    full: FullLeaderboard | None,
    path: Path | None,
    *,
    reason: str | None = None,
    score: float | None = None,
    valid: bool = False,
    unscorable: bool = False,
) -> GradeReport:
    manifest = prepared.manifest
    place = place_of(competition, score, full, stand_in=manifest.stand_in)
    return GradeReport(
        competition=competition.id,
        edition=manifest.edition,
        stand_in=manifest.stand_in,
        data_source=manifest.source,
        data_fingerprint=manifest.fingerprint,
        leaks=competition.leaks_in(manifest.edition),
        metric=competition.metric.name,
        direction=competition.metric.direction,
        submission_exists=path is not None and (path.is_symlink() or path.exists()),
        valid=valid or score is not None,
        valid_mle_bench=_valid_there(competition, prepared, path, score, unscorable),
        reason=reason,
        score=score,
        medal=place.medal,
        above_median=place.above_median,
        percentile=None if place.standing is None else place.standing.percentile,
        exceeds_percent=None if place.standing is None else place.standing.exceeds_percent,
        percentile_note=place.note,
        thresholds=None if place.lines is None else Thresholds(**vars(place.lines)),
        teams=place.teams,
    )


def _valid_there(
    competition: Competition, prepared: Prepared, path: Path | None, score: float | None, unscorable: bool
) -> bool | None:
    """Would MLE-bench score it? What is valid here always is there; None in editions that don't follow it.

    A file that only our metric refuses holds lists or masks that make no sense: graders that need sense refuse it too.
    """
    name = prepared.manifest.edition
    rule = competition.edition(name)[1].mle_bench
    if rule is None and not name.startswith("mle-bench"):
        return None
    if score is not None or path is None:
        return score is not None
    try:
        content = submission.read_bytes(path, submission.largest(competition.submission, prepared.sample))
    except InvalidSubmission:
        return False
    if rule is None:
        return None
    if unscorable and rule.values == "declared":
        return False
    from harness.grading import mle_bench

    spec, truth = competition.submission, prepared.private / competition.answers.file
    return mle_bench.takes(rule, content, truth, spec.id, spec.columns)
