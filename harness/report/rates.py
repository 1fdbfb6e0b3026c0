"""The rates of a report's page: those of the group's own competitions, then those of each suite.

They are `suite_rates`'; what is done here is naming, drawing and laying out. A group has no list of what it should
hold, so its own competitions are given with missing runs as failures only as the summary pools them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from harness.rates.aggregate import Summary
from harness.rates.rates import Estimate
from harness.rates.suite_rates import SuiteRates, counts, suite_rates
from harness.report import svg
from harness.report.figures import NONE, Data, Value

NAMES = {
    "any_medal": "any medal",
    "gold": "gold",
    "silver": "silver",
    "bronze": "bronze",
    "above_median": "above median",
    "exceeds": "exceeds, of human teams",
    "valid_submission": "valid submission",
    "valid_mle_bench": "valid by MLE-bench's graders",
    "made_submission": "made a submission",
}
COUNTED = (
    *("rates", "as_failures", "with_leaks", "with_leaks_as_failures"),
    *("without_flagged", "flagged_as_failures"),
)
COLUMNS = (
    *("competitions_of", "agent", "model", "counted", "rate", "mean_percent", "sem_percent"),
    *("low_percent", "high_percent", "seeds", "competitions", "runs"),
)


@dataclass(frozen=True)
class Part:
    """One table: an entrant on some competitions. `pooled` are percentages over runs, missing ones as failures."""

    suite: SuiteRates
    note: str
    pooled: Mapping[str, float] = field(default_factory=dict)

    def as_failures(self, name: str) -> float | None:
        if name in self.pooled:
            return self.pooled[name]
        return self.suite.as_failures[name].mean if name in self.suite.as_failures else None


def section(summary: Summary) -> dict[str, Any]:
    """Return what the template needs."""
    parts = [*_own(summary), *(Part(suite, _note(suite)) for suite in summary.suites)]
    rows = tuple(row for part in parts for row in _rows(part))
    return {"suites": [_table(part) for part in parts], "rates": Data("rates", COLUMNS, rows)}


def _own(summary: Summary) -> Iterator[Part]:
    entrants = sorted({(row.entrant, row.model) for row in summary.rows if not row.stand_in and not row.answers_shown})
    pooled = {name: rate.percent for name, rate in summary.as_failures.items() if rate.percent is not None}
    for entrant in entrants:
        rows = [row for row in summary.rows if (row.entrant, row.model) == entrant and counts(row)]
        members = {"all competitions of this group": frozenset(row.competition for row in rows)}
        for suite in suite_rates(rows, members):
            # Which runs of the group were to come is not known: what the suite lacks of a full grid is no failure.
            without = replace(suite, as_failures={}, with_leaks_as_failures={})
            note = f"competitions: {suite.competitions}; seeds: {len(suite.seeds)}{_leaking(suite)}"
            yield Part(without, note, pooled if len(entrants) == 1 else {})


def _note(suite: SuiteRates) -> str:
    there = f"competitions: {suite.competitions} of {suite.in_suite}; seeds: {len(suite.seeds)}"
    return f"{there}; missing runs: {suite.missing}{_leaking(suite)}"


def _leaking(suite: SuiteRates) -> str:
    return f"; left out for known leaks: {', '.join(suite.leaking)}" if suite.leaking else ""


def _rows(part: Part) -> Iterator[tuple[Value, ...]]:
    suite = part.suite
    for counted in COUNTED:
        for name, value in getattr(suite, counted).items():
            numbers = (value.mean, value.sem, value.low, value.high, value.seeds, value.competitions, value.n)
            yield (suite.suite, suite.agent, suite.model, counted, name, *numbers)
    for name, percent in part.pooled.items():
        yield (suite.suite, suite.agent, suite.model, "as_failures, over runs", name, percent, *(None,) * 6)


def _table(part: Part) -> SimpleNamespace:
    suite = part.suite
    same = suite.rates.get("valid_mle_bench") == suite.rates.get("valid_submission")
    names = [name for name in NAMES if not (same and name == "valid_mle_bench")]
    return SimpleNamespace(
        title=f"{suite.suite}: {suite.agent}, {suite.model}",
        note=part.note,
        leaks=bool(suite.with_leaks),
        flagged=suite.flagged,
        failures=bool(suite.as_failures or part.pooled),
        rates=[_rate(name, part) for name in names if name in suite.rates or name in suite.with_leaks],
    )


def _rate(name: str, part: Part) -> SimpleNamespace:
    suite = part.suite
    with_leaks, left_out, failed = (
        None if found is None else found.mean
        for found in (suite.with_leaks.get(name), suite.without_flagged.get(name), suite.flagged_as_failures.get(name))
    )
    return SimpleNamespace(
        name=NAMES[name],
        as_failures=_percent(part.as_failures(name)),
        with_leaks=_percent(with_leaks),
        flagged_left_out=_percent(left_out),
        flagged_as_failures=_percent(failed),
        **_shown(NAMES[name], part.suite.rates.get(name)),
    )


def _shown(name: str, value: Estimate | None) -> dict[str, Any]:
    if value is None:
        return {"mean": NONE, "sem": NONE, "interval": NONE, "n": 0, "picture": ""}
    return {
        "mean": _percent(value.mean),
        "sem": f"{value.sem:.1f}" if value.seeds > 1 else NONE,
        "interval": NONE if value.low is None or value.high is None else f"{value.low:.1f} to {value.high:.1f} %",
        "n": value.n,
        "picture": svg.interval(value.mean, value.low, value.high, f"{name}: {value.mean:.1f} %"),
    }


def _percent(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f} %"
