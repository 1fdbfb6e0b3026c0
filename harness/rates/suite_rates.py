"""The rates of a group's rows, by suite and entrant: one agent with one model. Sees rows only; the grid is `rates`'.

Counted are graded runs on real data that ended with an outcome of the agent. Each rate is given with what is missing
left out, and with it as failures: then every competition of the suite counts for every seed that the entrant has. Runs
of an edition with known leaks are left out of both, competition and all; `with_leaks` is beside them, where there are
such runs, and is what compares with figures that others published on the same edition. Flagged runs are in all of
them; where there are some, `without_flagged` leaves them out, and `flagged_as_failures` counts them as failures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.rates import rates
from harness.rates.rates import Estimate

if TYPE_CHECKING:
    from harness.results.row import Row
    from harness.specs.suites import Suites

NAMES = (
    "any_medal",
    "gold",
    "silver",
    "bronze",
    "above_median",
    "exceeds",
    "valid_submission",
    "valid_mle_bench",
    "made_submission",
)
EXCEEDS = NAMES.index("exceeds")
MEDALS = ("gold", "silver", "bronze")
Rates = Mapping[str, Estimate]

_entrant = attrgetter("configuration", "agent", "validation", "egress", "model")  # what `Row.entrant` is made of
_kind = attrgetter("has_leaderboard", "medal", "above_median", "valid", "valid_mle_bench", "submission_exists")


@dataclass(frozen=True)
class SuiteRates:
    """One entrant on one suite. `missing` counts the runs that the suite and the entrant's seeds would still take.

    `agent` names its validation too, where that is not its scripts' own: modes are never mixed.
    """

    suite: str
    agent: str
    model: str
    in_suite: int
    competitions: int
    seeds: tuple[int, ...]
    editions: tuple[str, ...]
    missing: int
    leaking: tuple[str, ...]
    rates: dict[str, Estimate]
    as_failures: dict[str, Estimate]
    with_leaks: dict[str, Estimate]
    with_leaks_as_failures: dict[str, Estimate]
    hardware: tuple[str, ...] = ()
    flagged: int = 0
    without_flagged: dict[str, Estimate] = field(default_factory=dict)
    flagged_as_failures: dict[str, Estimate] = field(default_factory=dict)


def suite_rates(rows: Iterable[Row], suites: Suites) -> tuple[SuiteRates, ...]:
    """Return the rates of every entrant on every suite that it has an outcome in; in any order of rows the same."""
    alike: dict[Any, list[Row]] = {}
    for row in rows:
        if counts(row):
            alike.setdefault(_entrant(row), []).append(row)
    entrants: dict[tuple[str, str], list[Row]] = {}
    for own in alike.values():
        entrants.setdefault((own[0].entrant, own[0].model), []).extend(own)
    found = []
    for (agent, model), own in sorted(entrants.items()):
        outcomes = _Outcomes.of(own)
        for suite, members in sorted(suites.items()):
            part = outcomes.within(members)
            if part.competitions:
                found.append(_of_suite(suite, members, agent, model, part))
    return tuple(found)


def counts(row: Row) -> bool:
    """Is the row in any rate: an outcome of the agent, graded, on real data, and nobody showed it the answers?"""
    return row.status.is_outcome and row.valid is not None and not row.stand_in and not row.answers_shown


@dataclass(frozen=True)
class _Outcomes:
    """The outcomes of one entrant: for each its competition's number, its seed, and a value a rate (NaN: no such)."""

    competitions: tuple[str, ...]
    numbers: NDArray[np.int64]
    seeds: NDArray[np.int64]
    leaks: NDArray[np.bool_]
    flagged: NDArray[np.bool_]
    editions: NDArray[np.object_]
    hardware: NDArray[np.object_]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Outcomes:
        names = tuple(sorted({row.competition for row in rows}))
        numbers = {name: number for number, name in enumerate(names)}
        return cls(
            names,
            np.array([numbers[row.competition] for row in rows]),
            np.array([row.seed for row in rows]),
            np.array([bool(row.leaks) for row in rows]),
            np.array([bool(row.flagged) for row in rows]),
            np.array([row.edition for row in rows], dtype=object),
            np.array([row.hardware for row in rows], dtype=object),
            _values(rows),
        )

    def within(self, members: Iterable[str]) -> _Outcomes:
        """Those on some competitions."""
        wanted = set(members)
        return self.where(np.isin(self.numbers, [n for n, name in enumerate(self.competitions) if name in wanted]))

    def where(self, mask: NDArray[np.bool_]) -> _Outcomes:
        kept, numbers = np.unique(self.numbers[mask], return_inverse=True)
        names = tuple(self.competitions[number] for number in kept)
        kinds = self.leaks[mask], self.flagged[mask], self.editions[mask], self.hardware[mask]
        return _Outcomes(names, numbers, self.seeds[mask], *kinds, self.values[mask])

    def failed(self, mask: NDArray[np.bool_]) -> _Outcomes:
        """All, some of them as failures in whatever rate applies to them."""
        none = np.where(np.isnan(self.values), np.nan, 0.0)
        return replace(self, values=np.where(mask[:, None], none, self.values))


def _values(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return a line a row, a number in it for each of NAMES; of 100,000 rows few differ in more than what they exceed.

    An invalid submission is no medal, not above the median, and exceeds 0 %.
    """
    kinds: dict[Any, int] = {}
    places = [kinds.setdefault(kind, len(kinds)) for kind in map(_kind, rows)]
    values = np.array([_of_kind(*kind) for kind in kinds], dtype=np.float64)[places]
    exceeds = np.array([row.exceeds_percent if row.valid else 0.0 for row in rows], dtype=np.float64)  # None: NaN
    values[:, EXCEEDS] *= exceeds / 100
    return values


def _of_kind(
    board: bool, medal: str | None, above: bool | None, valid: bool | None, there: bool | None, made: bool | None
) -> tuple[float, ...]:
    """Return a number for each of NAMES, for EXCEEDS the most there can be; NaN where the rate does not apply."""
    applies = 1.0 if board else np.nan  # without a leaderboard there is no medal to miss
    return (
        applies * (medal in MEDALS),
        *(applies * (medal == one) for one in MEDALS),
        applies * bool(above),
        applies,
        float(bool(valid)),
        float(bool(valid if there is None else there)),
        float(bool(made)),
    )


def _of_suite(suite: str, members: Iterable[str], agent: str, model: str, all_: _Outcomes) -> SuiteRates:
    seeds = tuple(int(seed) for seed in np.unique(all_.seeds))
    clean = all_.where(~all_.leaks)
    leaking = tuple(sorted(set(all_.competitions) - set(clean.competitions)))
    left_out, failures = _both(clean, set(members) - set(leaking), seeds)
    with_leaks, leaks_failures = _both(all_, set(members), seeds) if all_.leaks.any() else ({}, {})
    without, punished = {}, {}
    if clean.flagged.any():
        known = set(members) - set(leaking)
        without = _both(clean.where(~clean.flagged), known, seeds)[0]
        punished = _both(clean.failed(clean.flagged), known, seeds)[0]
    return SuiteRates(
        suite=suite,
        agent=agent,
        model=model,
        in_suite=len(set(members)),
        competitions=len(all_.competitions),
        seeds=seeds,
        editions=tuple(sorted(set(all_.editions))),
        missing=len(set(members)) * len(seeds) - len(all_.seeds),
        leaking=leaking,
        rates=left_out,
        as_failures=failures,
        with_leaks=with_leaks,
        with_leaks_as_failures=leaks_failures,
        hardware=tuple(sorted(set(all_.hardware) - {""})),
        flagged=int(clean.flagged.sum()),
        without_flagged=without,
        flagged_as_failures=punished,
    )


def _both(
    part: _Outcomes, members: Iterable[str], seeds: Sequence[int]
) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """Return the rates with what is missing left out, and as failures; a rate that applies to no run is in neither."""
    names = sorted(members)
    places = {name: number for number, name in enumerate(names)}
    cells = np.full((len(NAMES), len(names), len(seeds)), np.nan)
    rows = np.array([places[name] for name in part.competitions], dtype=np.int64)[part.numbers]
    columns = np.searchsorted(seeds, part.seeds)
    cells[:, rows, columns] = part.values.T
    there = np.zeros(cells.shape[1:], dtype=bool)
    there[rows, columns] = True
    # A competition whose board has lines but no quantiles has no share to exceed, whether a submission is valid or not.
    cells[EXCEEDS, (there & np.isnan(cells[EXCEEDS])).any(axis=1)] = np.nan
    left_out = _estimates(cells)
    if there.all():
        return left_out, left_out
    without = there.any(axis=1) & np.isnan(cells).all(axis=2)  # was run, and the rate does not apply to it
    failures = _estimates(np.where(~there & ~without[:, :, None], 0.0, cells))
    return left_out, {name: failures[name] for name in left_out}


def _estimates(cells: NDArray[np.float64]) -> dict[str, Estimate]:
    estimates = ((name, rates.estimate(part)) for name, part in zip(NAMES, cells, strict=True))
    return {name: estimate for name, estimate in estimates if estimate is not None}
