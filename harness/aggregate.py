"""Every run and grade of a group → `summary.json`: one row a run, and the group's rates.

Sees records only. A rate counts runs with an outcome: an invalid or missing submission is no medal, not above the
median, and exceeds 0 %. Stand-in runs are in the rows and in no rate; runs without an outcome (infrastructure, our own
bugs, stopped, lost, not started) are counted as missing and are in no rate either, whatever they had so far. A mean of
scores is never taken over competitions: scores of different metrics don't add up.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from harness.files import write_json
from harness.lost import as_it_stands
from harness.results import GroupFolder, RunFolder, RunRecord, RunStatus, read_json

PHASES = ("model", "execute", "check", "review", "overhead")


class Row(BaseModel):
    """One run. None means: not known, or does not apply (the note says which)."""

    model_config = ConfigDict(frozen=True)
    run_id: str
    competition: str
    agent: str
    model: str
    seed: int
    status: RunStatus
    reason: str
    stand_in: bool
    has_leaderboard: bool
    edition: str
    leaks: tuple[str, ...]
    candidate_isolation: str
    metric: str
    direction: str
    score: float | None
    submission_exists: bool | None
    valid: bool | None
    valid_mle_bench: bool | None = None
    invalid_because: str | None
    medal: str | None
    percentile: float | None
    percentile_note: str | None
    exceeds_percent: float | None
    above_median: bool | None
    validation_score: float | None
    steps: int
    good_nodes: int
    wall_seconds: float | None
    phase_seconds: dict[str, float]
    waiting_seconds: float
    input_tokens: int
    output_tokens: int
    cost_usd: float
    oom_kills: int


class Rate(BaseModel):
    """`percent` of `n` runs; None when n is 0."""

    model_config = ConfigDict(frozen=True)
    n: int
    count: int
    percent: float | None


class Summary(BaseModel):
    """`summary.json`."""

    model_config = ConfigDict(frozen=True)
    schema_version: Literal[1] = 1
    group: str
    runs: int
    missing: int
    ungraded: int
    stand_in_runs: int
    made_submission: Rate
    valid_submission: Rate
    valid_mle_bench: Rate | None = None  # where it differs from the rate above
    any_medal: Rate
    gold: Rate
    silver: Rate
    bronze: Rate
    above_median: Rate
    cost_usd: float
    rows: tuple[Row, ...]


def aggregate(group: GroupFolder) -> Summary:
    """Read the group, write `summary.json`, return it. The order of files does not matter."""
    summary = summarise(group.name, rows_of(group))
    write_json(group.summary, summary.model_dump(mode="json"))
    return summary


def rows_of(group: GroupFolder) -> list[Row]:
    """Read a group's runs, a row each."""
    return [row(folder, as_it_stands(record)) for folder in group.runs() if (record := folder.read()) is not None]


def summarise(name: str, rows: Sequence[Row]) -> Summary:
    """The rates over rows."""
    ordered = tuple(sorted(rows, key=lambda item: (item.competition, item.agent, item.model, item.seed)))
    ended = [item for item in ordered if item.status.is_outcome]
    graded = [item for item in ended if item.valid is not None and not item.stand_in]
    differ = any(_valid_there(item) != item.valid for item in graded)
    with_board = [item for item in graded if item.has_leaderboard]
    return Summary(
        group=name,
        runs=len(ordered),
        missing=len(ordered) - len(ended),
        ungraded=sum(1 for item in ended if item.valid is None),
        stand_in_runs=sum(1 for item in ordered if item.stand_in),
        made_submission=_rate(graded, lambda item: bool(item.submission_exists)),
        valid_submission=_rate(graded, lambda item: bool(item.valid)),
        valid_mle_bench=_rate(graded, lambda item: bool(_valid_there(item))) if differ else None,
        any_medal=_rate(with_board, lambda item: item.medal in ("gold", "silver", "bronze")),
        gold=_rate(with_board, lambda item: item.medal == "gold"),
        silver=_rate(with_board, lambda item: item.medal == "silver"),
        bronze=_rate(with_board, lambda item: item.medal == "bronze"),
        above_median=_rate(with_board, lambda item: bool(item.above_median)),
        cost_usd=sum(item.cost_usd for item in ordered),
        rows=ordered,
    )


def row(folder: RunFolder, record: RunRecord) -> Row:
    """One run's row, from its record, grade and journal."""
    grade = read_json(folder.grade_file) or {}
    nodes = list(_node_events(folder.journal))
    scores = [node["score"] for node in nodes if not node["buggy"] and node["score"] is not None]
    direction = record.request.competition.direction
    return Row(
        run_id=record.run_id,
        competition=record.competition,
        agent=record.agent,
        model=record.model,
        seed=record.seed,
        status=record.status,
        reason=record.reason,
        stand_in=record.data.stand_in,
        has_leaderboard=grade.get("thresholds") is not None,
        edition=record.data.edition,
        leaks=tuple(grade.get("leaks") or ()),
        candidate_isolation=record.candidate_isolation,
        metric=record.request.competition.metric,
        direction=direction,
        score=grade.get("score"),
        submission_exists=grade.get("submission_exists"),
        valid=grade.get("valid"),
        valid_mle_bench=grade.get("valid_mle_bench"),
        invalid_because=grade.get("reason"),
        medal=grade.get("medal"),
        percentile=grade.get("percentile"),
        percentile_note=grade.get("percentile_note"),
        exceeds_percent=grade.get("exceeds_percent"),
        above_median=grade.get("above_median"),
        validation_score=(max if direction == "maximize" else min)(scores, default=None),
        steps=len(nodes),
        good_nodes=len(scores),
        wall_seconds=record.wall_seconds,
        phase_seconds={phase: round(sum(node["seconds"].get(phase, 0.0) for node in nodes), 3) for phase in PHASES},
        waiting_seconds=record.usage.waiting_seconds,
        input_tokens=record.usage.input_tokens,
        output_tokens=record.usage.output_tokens,
        cost_usd=record.usage.cost_usd,
        oom_kills=record.oom_kills,
    )


def _node_events(journal: Path) -> Iterator[dict[str, Any]]:
    if not journal.is_file():
        return
    with journal.open("rb") as lines:
        for line in lines:
            with contextlib.suppress(ValueError):  # a last line that a kill cut off, maybe inside a character
                event = json.loads(line)["event"]
                if event["type"] == "node":
                    yield event


def _valid_there(item: Row) -> bool | None:
    """Valid by MLE-bench's grader, or ours in an edition that does not follow it."""
    return item.valid if item.valid_mle_bench is None else item.valid_mle_bench


def _rate(rows: Sequence[Row], counts: Callable[[Row], bool]) -> Rate:
    count = sum(1 for item in rows if counts(item))
    return Rate(n=len(rows), count=count, percent=100 * count / len(rows) if rows else None)
