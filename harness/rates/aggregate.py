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

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from harness.files import write_atomically
from harness.rates.suite_rates import MEDALS, SuiteRates, counts, suite_rates
from harness.results.layout import GroupFolder
from harness.results.rows import Row, rows_of
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
    summary = summarise(group.name, rows_of(group), suites)
    write(group, summary)
    return summary


def write(group: GroupFolder, summary: Summary) -> None:
    """Write `summary.json`, atomically."""
    write_atomically(group.summary, to_json(summary, indent=2, inf_nan_mode="null") + b"\n")


def summarise(name: str, rows: Sequence[Row], suites: Suites | None = None) -> Summary:
    """The rates over rows."""
    ordered = tuple(sorted(rows, key=lambda item: (item.competition, item.agent, item.model, item.seed)))
    graded = [item for item in ordered if counts(item)]
    clean = [item for item in graded if not item.leaks]
    missing = [item for item in ordered if not item.status.is_outcome]
    failed = [item for item in missing if not item.stand_in and not item.answers_shown]
    honest = [item for item in clean if not item.flagged]
    pooled = _pooled(clean)
    differ = any(_valid_there(item) != item.valid for item in clean)
    return Summary(
        group=name,
        runs=len(ordered),
        missing=len(missing),
        ungraded=sum(1 for item in ordered if item.status.is_outcome and item.valid is None),
        stand_in_runs=sum(1 for item in ordered if item.stand_in),
        answers_shown_runs=sum(1 for item in ordered if item.answers_shown),
        leaking_runs=len(graded) - len(clean),
        networked_runs=sum(1 for item in ordered if item.egress != "none"),
        **pooled,
        valid_mle_bench=_rate(clean, lambda item: bool(_valid_there(item))) if differ else None,
        as_failures={key: _more(rate, len(failed)) for key, rate in pooled.items()} if failed else {},
        with_leaks=_pooled(graded) if len(graded) > len(clean) else {},
        audited_runs=sum(1 for item in ordered if item.flagged is not None),
        flagged_runs=sum(1 for item in ordered if item.flagged),
        without_flagged=_pooled(honest) if len(honest) < len(clean) else {},
        flagged_as_failures=_as_failures(honest, clean) if len(honest) < len(clean) else {},
        suites=suite_rates(ordered, suites or {}),
        hardware=tuple(sorted({item.hardware for item in ordered if item.hardware})),
        cost_usd=sum(item.cost_usd for item in ordered),
        rows=ordered,
    )


def _pooled(graded: Sequence[Row]) -> dict[str, Rate]:
    """Return the rates over runs, by name."""
    with_board = [item for item in graded if item.has_leaderboard]
    return {
        "made_submission": _rate(graded, lambda item: bool(item.submission_exists)),
        "valid_submission": _rate(graded, lambda item: bool(item.valid)),
        "any_medal": _rate(with_board, lambda item: item.medal in MEDALS),
        "gold": _rate(with_board, lambda item: item.medal == "gold"),
        "silver": _rate(with_board, lambda item: item.medal == "silver"),
        "bronze": _rate(with_board, lambda item: item.medal == "bronze"),
        "above_median": _rate(with_board, lambda item: bool(item.above_median)),
    }


def _as_failures(honest: Sequence[Row], every: Sequence[Row]) -> dict[str, Rate]:
    """Return the rates with the rows that are not honest as failures, each where it applies to them."""
    n, counted = _pooled(every), _pooled(honest)
    return {name: _more(counted[name], n[name].n - counted[name].n) for name in n}


def _valid_there(item: Row) -> bool | None:
    """Valid by MLE-bench's grader, or ours in an edition that does not follow it."""
    return item.valid if item.valid_mle_bench is None else item.valid_mle_bench


def _rate(rows: Sequence[Row], happened: Callable[[Row], bool]) -> Rate:
    count = sum(1 for item in rows if happened(item))
    return Rate(n=len(rows), count=count, percent=100 * count / len(rows) if rows else None)


def _more(rate: Rate, failures: int) -> Rate:
    """The rate with so many failures more."""
    n = rate.n + failures
    return Rate(n=n, count=rate.count, percent=100 * rate.count / n if n else None)
