"""Means with intervals over seeds. Strategies share a seed's luck, so differences are paired by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

DRAWS = 4000


class Estimate(NamedTuple):
    """A mean and its 95 % interval: a bootstrap over seeds."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0

    def text(self, digits: int = 3, *, signed: bool = False) -> str:
        sign = "+" if signed else ""
        return f"{self.mean:{sign}.{digits}f} [{self.low:{sign}.{digits}f}, {self.high:{sign}.{digits}f}]"


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean over seeds; an interval only where there are several."""
    numbers = np.asarray(values, dtype=float)
    if len(numbers) < 2:
        return Estimate(float(numbers.mean()), float("nan"), float("nan"))
    draws = np.random.default_rng(0).choice(numbers, (DRAWS, len(numbers))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(float(numbers.mean()), float(low), float(high))


def difference(values: Mapping[int, float], others: Mapping[int, float]) -> Estimate:
    """Return the mean of the seeds' differences, over the seeds that both have."""
    return estimate([values[seed] - others[seed] for seed in sorted(values.keys() & others.keys())])


def averaged(cells: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Return each seed's mean over cells that all have it."""
    seeds = set.intersection(*(set(cell) for cell in cells))
    return {seed: float(np.mean([cell[seed] for cell in cells])) for seed in sorted(seeds)}
