"""Rates over a suite: pure functions over a grid of outcomes, competitions × seeds.

A cell is 1 (it happened), 0 (it did not), a share between them, or NaN: no outcome. The mean and its standard error are
MLE-bench's: the percentage over the competitions for each seed, then the mean over seeds, with SEM (ddof 1) over them.
That error tells how far another set of seeds would lie, on the same competitions. The interval beside it also asks for
other competitions, which is what mostly moves a rate: a bootstrap in two stages, competitions drawn again, and the
outcomes of each drawn again within it. Nothing here knows of files, medals or statuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

REPLICATES = 2000
CONFIDENCE = 0.95
MANY_DRAWS = 5_000_000  # above it sums of draws are drawn from their normal limit: they are sums of thousands

Cells = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A rate in percent. `sem` is 0 for one seed, as MLE-bench has it; `low` and `high` are None where none can be had.

    `n` counts the outcomes behind it; where some are missing the seeds' percentages have different denominators.
    """

    mean: float
    sem: float
    low: float | None
    high: float | None
    seeds: int
    competitions: int
    n: int


def grid(outcomes: Iterable[tuple[str, int, float]], competitions: Sequence[str], seeds: Sequence[int]) -> Cells:
    """Return the cells, one row a competition and one column a seed; NaN where no outcome is."""
    rows = {name: number for number, name in enumerate(competitions)}
    columns = {seed: number for number, seed in enumerate(seeds)}
    cells = np.full((len(rows), len(columns)), np.nan)
    for competition, seed, value in outcomes:
        cells[rows[competition], columns[seed]] = value
    return cells


def from_counts(counts: Mapping[str, tuple[int, int]]) -> Cells:
    """Return cells for (successes, seeds) a competition. Which seed had which success is not known: no SEM follows."""
    widest = max((seeds for _, seeds in counts.values()), default=0)
    cells = np.full((len(counts), widest), np.nan)
    for row, name in enumerate(sorted(counts)):
        successes, seeds = counts[name]
        cells[row, :seeds] = np.arange(seeds) < successes
    return cells


def padded(cells: Cells) -> Cells:
    """Return the cells with every missing outcome as a failure."""
    return np.where(np.isnan(cells), 0.0, cells)


def per_seed(cells: Cells) -> Cells:
    """Return the percentage of each seed, over the competitions that have an outcome for it; seeds without one go."""
    present = ~np.isnan(cells)
    counts = present.sum(axis=0)
    sums = np.where(present, cells, 0.0).sum(axis=0)
    return np.asarray(100 * sums[counts > 0] / counts[counts > 0])


def estimate(cells: Cells) -> Estimate | None:
    """Return the rate over the grid; None when it holds no outcome."""
    seeds = per_seed(cells)
    if not len(seeds):
        return None
    present = ~np.isnan(cells)
    low, high = interval(cells)
    return Estimate(
        mean=float(seeds.mean()),
        sem=float(seeds.std(ddof=1) / np.sqrt(len(seeds))) if len(seeds) > 1 else 0.0,
        low=low,
        high=high,
        seeds=len(seeds),
        competitions=int(present.any(axis=1).sum()),
        n=int(present.sum()),
    )


def interval(cells: Cells, *, replicates: int = REPLICATES) -> tuple[float | None, float | None]:
    """Return the 95 % interval in percent; (None, None) for fewer than two competitions.

    Competitions are drawn with replacement, then as many outcomes of each as there are seeds, missing ones included.
    Where all outcomes are alike there is nothing to draw from; then it is the exact binomial bound with competitions,
    not runs, as trials. The same cells give the same interval, in any order of seeds.
    """
    present = ~np.isnan(cells)
    counts = present.sum(axis=1)
    cells, counts = np.sort(cells[counts > 0], axis=1), counts[counts > 0]  # NaN goes last
    competitions, seeds = cells.shape
    if competitions < 2:
        return None, None
    sums = np.nansum(cells, axis=1)
    if sums.sum() in (0, counts.sum()):
        return _alike(competitions, happened=bool(sums.sum()))
    rng = np.random.default_rng(0)
    times, rng.bit_generator.state = _drawn(competitions, replicates)
    drawn = times * seeds
    outcomes = drawn if (counts == seeds).all() else rng.binomial(drawn, counts / seeds)
    if np.isin(cells[~np.isnan(cells)], (0, 1)).all():
        totals = rng.binomial(outcomes, sums / counts).sum(axis=1)
    else:
        totals = _totals(rng, cells, counts, outcomes)
    n = outcomes.sum(axis=1)
    low, high = np.quantile(100 * totals[n > 0] / n[n > 0], ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return float(low), float(high)


@lru_cache(maxsize=8)
def _drawn(competitions: int, replicates: int) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return how often each competition is drawn, a row a replicate, and the generator's state after that.

    Every rate over as many competitions begins with the same draws: they are nearly half of an interval's time.
    """
    rng = np.random.default_rng(0)
    times = rng.multinomial(competitions, np.full(competitions, 1 / competitions), size=replicates)
    times.flags.writeable = False
    return times, dict(rng.bit_generator.state)


def _totals(rng: np.random.Generator, cells: Cells, counts: NDArray[Any], outcomes: NDArray[Any]) -> Cells:
    """Return the sum of so many draws from each competition's outcomes, a total for each replicate."""
    if outcomes.sum() > MANY_DRAWS:
        means, spreads = np.nanmean(cells, axis=1), np.nanstd(cells, axis=1)
        return np.asarray(rng.normal(outcomes * means, np.sqrt(outcomes) * spreads).sum(axis=1))
    replicates, competitions = outcomes.shape
    places = np.repeat(np.tile(np.arange(competitions), replicates), outcomes.ravel())
    values = cells[places, (rng.random(len(places)) * counts[places]).astype(np.int64)]
    owners = np.repeat(np.arange(replicates), outcomes.sum(axis=1))
    return np.asarray(np.bincount(owners, weights=values, minlength=replicates), dtype=np.float64)


def _alike(competitions: int, *, happened: bool) -> tuple[float, float]:
    """Return the Clopper–Pearson interval for none, or all, of so many competitions."""
    reach = float(100 * (1 - ((1 - CONFIDENCE) / 2) ** (1 / competitions)))
    return (100 - reach, 100.0) if happened else (0.0, reach)
