"""How many seeds would it take? Simulates groups from what was observed, and counts how often a claim is made.

The claim is `compare`'s: told apart on these competitions (labels permuted within them), and by an interval over
competitions that excludes 0. Both are taken in their normal approximations here, as many comparisons are
simulated. The effect is taken as equal in all competitions, rates on the logit scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.comparing.inference import Cluster, Reading, Values

ALPHA = 0.05
WANTED = 0.8
SIMULATIONS = 400  # a share of them is known to 2 points
MOST_SEEDS = 128


@dataclass(frozen=True)
class Model:
    """What a simulated group is drawn from: a level a competition, and for numbers their spread over seeds."""

    levels: Values
    spread: float | None
    how: Reading

    def draw(self, seeds: int, difference: float, rng: np.random.Generator) -> tuple[Values, Values]:
        """Two groups of simulations × competitions × seeds, the second better by `difference`."""
        shape = (SIMULATIONS, len(self.levels), seeds)
        if self.spread is not None:
            noise = [rng.normal(0, self.spread, shape) for _ in range(2)]
            base = self.levels[None, :, None]
            return np.asarray(base + noise[0]), np.asarray(base + difference + noise[1])
        moved = shifted(self.levels, difference)
        a, b = (100.0 * (rng.random(shape) < chance[None, :, None] / 100) for chance in (self.levels, moved))
        return np.asarray(a), np.asarray(b)


def model(clusters: Sequence[Cluster], how: Reading) -> Model | None:
    """Fit the model to both groups' outcomes; None where they don't tell how much a seed varies."""
    pooled = [np.concatenate([one.a, one.b]) for one in clusters]
    if how.wins or not pooled:
        return None
    if how.rate:
        overall = (sum(one.sum() for one in pooled) + 50) / (sum(map(len, pooled)) + 1)
        return Model(np.array([(one.sum() + overall) / (len(one) + 1) for one in pooled]), None, how)
    sides = [side for one in clusters for side in (one.a, one.b) if len(side) > 1]
    spread = float(np.sqrt(np.mean([side.var(ddof=1) for side in sides]))) if sides else 0.0
    return Model(np.array([one.mean() for one in pooled]), spread, how) if spread > 0 else None


def shifted(levels: Values, difference: float) -> Values:
    """Return rates (percent) whose mean is `difference` away, moved by one step on the logit scale."""
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    start = logit(np.clip(levels, 0.1, 99.9) / 100)
    target = min(99.9, max(0.1, float(levels.mean()) + difference))
    step = brentq(lambda move: float(100 * expit(start + move).mean()) - target, -30, 30)
    return np.asarray(100 * expit(start + step))


def power(fitted: Model, seeds: int, difference: float, *, alpha: float = ALPHA, seed: int = 0) -> float:
    """Return the share of simulated comparisons, with so many seeds a side, that find the difference."""
    a, b = fitted.draw(seeds, difference, np.random.default_rng(seed))
    return float(_claims(a, b, alpha).mean())


def seeds_needed(fitted: Model, difference: float, *, wanted: float = WANTED, alpha: float = ALPHA) -> int | None:
    """Return the least seeds a side that find the difference in so many of the comparisons; None above 128."""
    low, high = 0, 1
    while power(fitted, high, difference, alpha=alpha) < wanted:
        low, high = high, high * 2
        if low >= MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if power(fitted, middle, difference, alpha=alpha) < wanted:
            low = middle
        else:
            high = middle
    return high


def _claims(a: Values, b: Values, alpha: float) -> Values:
    """Which of the simulated comparisons would be claimed, an entry each."""
    from scipy.stats import norm, t

    competitions, seeds = a.shape[1:]
    each = b.mean(axis=2) - a.mean(axis=2)
    effect = each.mean(axis=1)
    spread = np.concatenate([a, b], axis=2).var(axis=2, ddof=1) * 2 / seeds
    error = np.sqrt(spread.sum(axis=1)) / competitions
    told_apart = np.abs(effect) > norm.isf(alpha / 2) * error
    within = (a.var(axis=2, ddof=1) + b.var(axis=2, ddof=1)).mean(axis=1) / seeds if seeds > 1 else np.zeros(len(a))
    between = np.maximum(0, each.var(axis=1, ddof=1) - within) if competitions > 1 else np.zeros(len(a))
    freedom = np.full(len(a), max(1.0, 2.0 * competitions * (seeds - 1)))
    if competitions > 1:
        parts = between**2 / (competitions - 1) + within**2 / freedom
        freedom = np.where(parts > 0, (between + within) ** 2 / np.where(parts > 0, parts, 1), freedom)
    reach = t.isf(ALPHA / 2, np.maximum(1, freedom)) * np.sqrt((between + within) / competitions)
    return np.asarray(told_apart & (np.abs(effect) > reach) & (effect != 0))
