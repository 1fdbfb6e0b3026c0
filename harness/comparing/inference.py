"""Did B do better than A? The tests and the interval behind `podium compare`: pure functions over outcomes.

Two groups are paired by competition: the effect is the mean over competitions of B's mean less A's, so that no
competition weighs more for its many seeds. Seeds are exchangeable replicates within a competition; only where their
randomness is shared (`paired`) are they paired one to one.

- The test asks whether the two are told apart on these competitions: labels are permuted within each competition, or
  signs flipped within each pair. It is exact where the null distribution can be counted out, else 20,000 draws.
- The interval asks what other competitions of the kind would show: competitions are drawn again, and seeds within them.

Nothing here knows of files, medals or prompts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 20_000
REPLICATES = 4_000
CONFIDENCE = 0.95
LARGEST_NULL = 100_000  # values of a null distribution that are still counted out
MOST_SUBSETS = 5_000  # of one competition's outcomes
ALIKE = 1e-9  # differences closer than this are ties

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Cluster:
    """One competition: A's and B's outcomes, a value a seed; the same seeds in the same order where they are paired."""

    a: Values
    b: Values


@dataclass(frozen=True)
class Reading:
    """How outcomes are read: by their mean, or (`wins`) by how much more often one of B beats one of A than is beaten.

    `rate`: outcomes are 0 or 100 and nothing else. `bound`: no difference is larger. `paired`: seeds share randomness.
    """

    wins: bool = False
    rate: bool = False
    bound: float | None = None
    paired: bool = False


class PValue(NamedTuple):
    """A two-sided p, and what it was computed by."""

    p: float
    name: str


def effects(clusters: Sequence[Cluster], how: Reading) -> Values:
    """Return B less A in each competition; of wins in percentage points, from -100 to 100."""
    return np.array([float(_effect(one.a[None], one.b[None], how)[0]) for one in clusters])


def p_value(clusters: Sequence[Cluster], how: Reading) -> PValue:
    """Return the two-sided test of no difference in any competition; labels permuted, or signs flipped in pairs."""
    return _flip(clusters, how) if how.paired else _permute(clusters, how)


def mcnemar(only_a: int, only_b: int) -> float:
    """Return McNemar's exact two-sided p from the pairs in which only one of the two succeeded."""
    from scipy.stats import binomtest

    discordant = only_a + only_b
    return 1.0 if discordant == 0 else float(binomtest(only_a, discordant).pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """Return Holm's step-down corrected p values, in the order given."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    corrected, highest = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, values[place] * (len(values) - rank)))
        corrected[place] = highest
    return corrected


def interval(clusters: Sequence[Cluster], how: Reading, seed: int = 0) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean effect; None where nothing varies, so that nothing is known of its error.

    A bootstrap in two stages. The spread of the competitions' effects already holds the noise of their seeds; what the
    second stage adds is taken from the first, so that nothing is counted twice. Widened as a t interval is for few
    competitions. Rates and wins get one success and one failure a side, spread over all competitions (Agresti and
    Caffo): none of three against none of three is not certainty.
    """
    from scipy.stats import norm, t

    rng, count = np.random.default_rng(seed), len(clusters)
    own = effects(clusters, how)
    centre, within = float(own.mean()), float(np.mean([_noise(one, how) for one in clusters]))
    between = max(0.0, float(own.var(ddof=1)) - within) if count > 1 else 0.0
    spread = 0.0 if between == 0 else math.sqrt(between / float(own.var()))
    picked = rng.integers(count, size=(REPLICATES, count))
    drawn = centre + spread * (own[picked] - centre)
    for place, one in enumerate(clusters):
        chosen = picked == place
        drawn[chosen] += _redrawn(one, int(chosen.sum()), how, 2 / count, rng) - own[place]
    means = drawn.mean(axis=1)
    if np.ptp(means) < ALIKE:
        return None
    widening = float(t.ppf((1 + CONFIDENCE) / 2, _freedom(clusters, how, between, within)))
    widening /= float(norm.ppf((1 + CONFIDENCE) / 2))
    quantiles = np.quantile(means, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    low, high = (centre + widening * (float(value) - centre) for value in quantiles)
    low, high = min(low, centre), max(high, centre)
    return (low, high) if how.bound is None else (max(low, -how.bound), min(high, how.bound))


def _effect(a: Values, b: Values, how: Reading) -> Values:
    """Return the effects of several draws, a row each."""
    if how.paired:
        return np.asarray(_pairs(a, b, how).mean(axis=-1))
    if not how.wins:
        return np.asarray(b.mean(axis=-1) - a.mean(axis=-1))
    more, less = b[:, :, None] > a[:, None, :], b[:, :, None] < a[:, None, :]
    return np.asarray(100 * (more.mean(axis=(1, 2)) - less.mean(axis=(1, 2))))


def _pairs(a: Values, b: Values, how: Reading) -> Values:
    return 100.0 * ((b > a).astype(float) - (b < a)) if how.wins else b - a


def _noise(one: Cluster, how: Reading) -> float:
    """Return the variance of a competition's effect over other seeds; 0 where a single seed tells nothing of it."""
    if how.paired:
        return _error(_pairs(one.a, one.b, how))
    a, b = _as_means(one) if how.wins else (one.a, one.b)
    return _error(a) + _error(b)


def _error(values: Values) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0


def _redrawn(one: Cluster, draws: int, how: Reading, extra: float, rng: np.random.Generator) -> Values:
    """Return the competition's effect for seeds drawn again, among them `extra` made-up ones, half best, half worst."""
    own = float(_effect(one.a[None], one.b[None], how)[0])
    extra = extra if how.rate or how.wins else 0.0
    if how.paired:
        pairs = _again(_pairs(one.a, one.b, how), draws, (-100.0, 100.0), extra, rng)
        again, seeds = pairs.mean(axis=1), float(len(one.a))
    else:
        ends = (-np.inf, np.inf) if how.wins else (0.0, 100.0)
        again = _effect(_again(one.a, draws, ends, extra, rng), _again(one.b, draws, ends, extra, rng), how)
        seeds = 2 / (1 / len(one.a) + 1 / len(one.b))
    return np.asarray(own + (again - own) * (math.sqrt(seeds / (seeds - 1)) if seeds > 1 else 1.0))


def _again(values: Values, draws: int, ends: tuple[float, float], extra: float, rng: np.random.Generator) -> Values:
    shape = (draws, len(values))
    drawn = values[rng.integers(len(values), size=shape)]
    if extra == 0:
        return drawn
    made_up = rng.random(shape) < extra / (len(values) + extra)
    return np.where(made_up, np.array(ends)[rng.integers(2, size=shape)], drawn)


def _freedom(clusters: Sequence[Cluster], how: Reading, between: float, within: float) -> float:
    """Return Satterthwaite's degrees of freedom of a variance from competitions and from seeds."""
    of_seeds = sum(len(one.a) - 1 if how.paired else len(one.a) + len(one.b) - 2 for one in clusters)
    of_competitions = len(clusters) - 1
    if between + within == 0:
        return max(1, of_competitions + of_seeds)
    share = (between**2 / of_competitions if of_competitions else 0.0) + (within**2 / of_seeds if of_seeds else 0.0)
    return max(1.0, (between + within) ** 2 / share)


def _as_means(one: Cluster) -> tuple[Values, Values]:
    """Return wins as values whose difference in means they are: pooled ranks, scaled."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([one.a, one.b])) * 200 / (len(one.a) + len(one.b))
    return ranks[: len(one.a)], ranks[len(one.a) :]


def _permute(clusters: Sequence[Cluster], how: Reading) -> PValue:
    plain = [Cluster(*_as_means(one)) if how.wins else one for one in clusters]
    seen = float(np.mean([one.b.mean() - one.a.mean() for one in plain]))
    exact = _tail((_subsets(one, len(plain)) for one in plain), seen)
    if exact is not None:
        return PValue(exact, "exact permutation within competitions")
    rng = np.random.default_rng(0)
    drawn = sum((_shuffled(one, rng) for one in plain), np.zeros(DRAWS)) / len(plain)
    return PValue(_drawn_p(drawn, seen), f"permutation within competitions, {DRAWS:,} draws")


def _flip(clusters: Sequence[Cluster], how: Reading) -> PValue:
    each = [_pairs(one.a, one.b, how) / (len(one.a) * len(clusters)) for one in clusters]
    moves = np.concatenate(each)
    moves = moves[np.abs(moves) > ALIKE]
    if len(moves) == 0:
        return PValue(1.0, "exact sign flips: no pair differs")
    if np.ptp(np.abs(moves)) < ALIKE:
        p = mcnemar(int((moves < 0).sum()), int((moves > 0).sum()))
        return PValue(p, "exact McNemar" if how.rate else "exact sign test")
    seen = float(moves.sum())
    exact = _tail(((np.array([-move, move]), np.array([0.5, 0.5])) for move in moves), seen)
    if exact is not None:
        return PValue(exact, "exact sign flips")
    return PValue(_sampled_flips(moves), f"sign flips, {DRAWS:,} draws")


def _sampled_flips(moves: Values) -> float:
    from scipy.stats import permutation_test

    def total(x: Values, y: Values, axis: int = 0) -> Values:
        return np.asarray((y - x).sum(axis=axis))

    data = (np.zeros(len(moves)), moves)
    options = {"permutation_type": "samples", "n_resamples": DRAWS, "vectorized": True}
    return float(permutation_test(data, total, rng=np.random.default_rng(0), **options).pvalue)


Distribution = tuple[Values, Values]


def _subsets(one: Cluster, competitions: int) -> Distribution | None:
    """Return the effects that relabelling one competition's outcomes can give, with their probabilities."""
    pooled, size = np.concatenate([one.a, one.b]), len(one.b)
    distinct = np.unique(pooled)
    if len(distinct) <= 2:
        from scipy.stats import hypergeom

        high = int((pooled == distinct[-1]).sum()) if len(distinct) == 2 else 0
        taken = np.arange(min(size, high) + 1)
        sums = taken * distinct[-1] + (size - taken) * distinct[0]
        chances = hypergeom.pmf(taken, len(pooled), high, size)
    elif math.comb(len(pooled), size) <= MOST_SUBSETS:
        chosen = list(itertools.combinations(range(len(pooled)), size))
        sums = pooled[np.array(chosen)].sum(axis=1)
        chances = np.full(len(sums), 1 / len(sums))
    else:
        return None
    return (sums / size - (pooled.sum() - sums) / len(one.a)) / competitions, chances


def _tail(parts: Iterable[Distribution | None], seen: float) -> float | None:
    """Return how likely a sum of the parts lies as far from 0 as what was seen; None: too many to count out."""
    values: Values = np.zeros(1)
    chances: Values = np.ones(1)
    for part in parts:
        if part is None or len(values) * len(part[0]) > LARGEST_NULL * 50:
            return None
        sums = np.round((values[:, None] + part[0][None, :]).ravel(), 9)
        values, places = np.unique(sums, return_inverse=True)
        chances = np.asarray(np.bincount(places.ravel(), weights=np.outer(chances, part[1]).ravel()), dtype=np.float64)
        if len(values) > LARGEST_NULL:
            return None
    return min(1.0, float(chances[np.abs(values) >= abs(seen) - 1e-6].sum()))


def _shuffled(one: Cluster, rng: np.random.Generator) -> Values:
    pooled, size = np.concatenate([one.a, one.b]), len(one.b)
    sums = rng.permuted(np.tile(pooled, (DRAWS, 1)), axis=1)[:, :size].sum(axis=1)
    return np.asarray(sums / size - (pooled.sum() - sums) / len(one.a))


def _drawn_p(drawn: Values, seen: float) -> float:
    return float((1 + (np.abs(drawn) >= abs(seen) - ALIKE).sum()) / (1 + len(drawn)))
