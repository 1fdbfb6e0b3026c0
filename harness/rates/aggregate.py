"""Every run and grade of a group → `summary.json`: one row a run, and the group's rates.

Sees records only; which competitions a suite has is an argument. A rate counts runs with an outcome: an invalid or
missing submission is no medal, not above the median, and exceeds 0 %. Stand-in runs are in the rows and in no rate.
Runs without an outcome (infrastructure, our own bugs, stopped, lost, not started) are missing and in no rate either,
whatever they had so far; `as_failures` is the same with them counted as failures. Runs of an edition with known leaks
are in no rate but `with_leaks`. Runs that an audit flagged are in all of these; `without_flagged` leaves them out, and
`flagged_as_failures` counts them as failures. The rates at the top count runs; those by suite, over seeds and with
intervals, are made by `suite_rates`. A mean of scores is never taken over competitions: scores of different metrics
don't add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict

from harness.files import write_atomically
from harness.rates.suite_rates import MEDALS, SuiteRates, counts, suite_rates
from harness.results.layout import GroupFolder
from harness.results.row import Row
from harness.results.rows import rows_of, uncollected
from harness.specs.suites import Suites


class Rate(BaseModel):
    """`percent` of `n` runs; None when n is 0."""

    model_config = ConfigDict(frozen=True)
    n: int
    count: int
    percent: float | None


class Summary(BaseModel):
    """`summary.json`. `as_failures` and `with_leaks` are empty where nothing is missing, or leaks.

    So are `without_flagged` and `flagged_as_failures` where no run in the rates is flagged.
    """

    model_config = ConfigDict(frozen=True)
    schema_version: Literal[1] = 1
    group: str
    runs: int
    missing: int
    ungraded: int
    stand_in_runs: int
    answers_shown_runs: int = 0
    leaking_runs: int = 0
    networked_runs: int = 0  # whose scripts could fetch something
    made_submission: Rate
    valid_submission: Rate
    valid_mle_bench: Rate | None = None  # where it differs from the rate above
    any_medal: Rate
    gold: Rate
    silver: Rate
    bronze: Rate
    above_median: Rate
    as_failures: dict[str, Rate] = {}
    with_leaks: dict[str, Rate] = {}
    audited_runs: int = 0
    flagged_runs: int = 0
    without_flagged: dict[str, Rate] = {}
    flagged_as_failures: dict[str, Rate] = {}
    suites: tuple[SuiteRates, ...] = ()
    hardware: tuple[str, ...] = ()
    cost_usd: float
    rows: tuple[Row, ...]


def aggregate(group: GroupFolder, suites: Suites | None = None) -> Summary:
    """Read the group, write `summary.json`, return it. The order of files does not matter."""
    with uncollected():
        summary = summarise(group.name, rows_of(group), suites)
        write(group, summary)
    return summary


def write(group: GroupFolder, summary: Summary) -> None:
    """Write `summary.json`, atomically."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    write_atomically(group.summary, orjson.dumps(dict(summary), default=dict, option=options))  # NaN is null there


def summarise(name: str, rows: Sequence[Row], suites: Suites | None = None) -> Summary:
    """The rates over rows."""
    ordered = tuple(sorted(rows, key=attrgetter("competition", "agent", "model", "seed")))
    every = _alike(ordered)
    graded = [kind for kind in every if counts(kind.row)]
    clean = [kind for kind in graded if not kind.row.leaks]
    honest = [kind for kind in clean if not kind.row.flagged]
    missing = [kind for kind in every if not kind.row.status.is_outcome]
    failed = _runs(missing, lambda row: not row.stand_in and not row.answers_shown)
    leaking = _runs(graded, lambda row: bool(row.leaks))
    flagged = _runs(clean, lambda row: bool(row.flagged))
    pooled = _pooled(clean)
    differ = any(_valid_there(kind.row) != kind.row.valid for kind in clean)
    return Summary(
        group=name,
        runs=len(ordered),
        missing=_runs(missing),
        ungraded=_runs(every, lambda row: row.status.is_outcome and row.valid is None),
        stand_in_runs=_runs(every, lambda row: row.stand_in),
        answers_shown_runs=_runs(every, lambda row: row.answers_shown),
        leaking_runs=leaking,
        networked_runs=_runs(every, lambda row: row.egress != "none"),
        **pooled,
        valid_mle_bench=_rate(clean, lambda row: bool(_valid_there(row))) if differ else None,
        as_failures={key: _more(rate, failed) for key, rate in pooled.items()} if failed else {},
        with_leaks=_pooled(graded) if leaking else {},
        audited_runs=_runs(every, lambda row: row.flagged is not None),
        flagged_runs=_runs(every, lambda row: bool(row.flagged)),
        without_flagged=_pooled(honest) if flagged else {},
        flagged_as_failures=_as_failures(honest, clean) if flagged else {},
        suites=suite_rates(ordered, suites or {}),
        hardware=tuple(sorted({row.hardware for row in ordered if row.hardware})),
        cost_usd=sum([row.cost_usd for row in ordered]),
        rows=ordered,
    )


class _Kind(NamedTuple):
    """Runs that no rate tells apart: one of them, and how many there are. Of 100,000 there are some dozens of kinds."""

    row: Row
    runs: int


_told_apart = attrgetter(
    *("status._value_", "stand_in", "answers_shown", "leaks", "flagged", "egress", "has_leaderboard"),
    *("submission_exists", "valid", "valid_mle_bench", "medal", "above_median"),
)


def _alike(rows: Iterable[Row]) -> list[_Kind]:
    kinds: dict[Any, list[Row]] = {}
    for row in rows:
        kinds.setdefault(_told_apart(row), []).append(row)
    return [_Kind(alike[0], len(alike)) for alike in kinds.values()]


def _runs(kinds: Iterable[_Kind], are: Callable[[Row], bool] = lambda _: True) -> int:
    """How many runs are so?"""
    return sum(kind.runs for kind in kinds if are(kind.row))


def _pooled(graded: Sequence[_Kind]) -> dict[str, Rate]:
    """Return the rates over runs, by name."""
    with_board = [kind for kind in graded if kind.row.has_leaderboard]
    return {
        "made_submission": _rate(graded, lambda row: bool(row.submission_exists)),
        "valid_submission": _rate(graded, lambda row: bool(row.valid)),
        "any_medal": _rate(with_board, lambda row: row.medal in MEDALS),
        "gold": _rate(with_board, lambda row: row.medal == "gold"),
        "silver": _rate(with_board, lambda row: row.medal == "silver"),
        "bronze": _rate(with_board, lambda row: row.medal == "bronze"),
        "above_median": _rate(with_board, lambda row: bool(row.above_median)),
    }


def _as_failures(honest: Sequence[_Kind], every: Sequence[_Kind]) -> dict[str, Rate]:
    """Return the rates with the runs that are not honest as failures, each where it applies to them."""
    n, counted = _pooled(every), _pooled(honest)
    return {name: _more(counted[name], n[name].n - counted[name].n) for name in n}


def _valid_there(row: Row) -> bool | None:
    """Valid by MLE-bench's grader, or ours in an edition that does not follow it."""
    return row.valid if row.valid_mle_bench is None else row.valid_mle_bench


def _rate(kinds: Sequence[_Kind], happened: Callable[[Row], bool]) -> Rate:
    n, count = _runs(kinds), _runs(kinds, happened)
    return Rate(n=n, count=count, percent=100 * count / n if n else None)


def _more(rate: Rate, failures: int) -> Rate:
    """The rate with so many failures more."""
    n = rate.n + failures
    return Rate(n=n, count=rate.count, percent=100 * rate.count / n if n else None)
