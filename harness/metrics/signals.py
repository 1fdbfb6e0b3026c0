"""Metrics of measured signals: directions, positions, forecasts with their spread, shares of votes, label sequences.

Angles are radians, positions degrees. Which column means what is said in each docstring, by order or by option.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness.errors import InvalidSubmission
from harness.metrics.registry import Array, NoOptions, Table, metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

EARTH_RADIUS_M = 6_371_000


@metric("mean_angular_error", direction="minimize", takes="numbers")
def mean_angular_error(truth: Array, prediction: Array) -> float:
    """Mean angle between true and predicted direction, in radians; 0 to pi.

    Two columns: azimuth and zenith. Any angle is a direction: turns are taken off by sine and cosine.
    """
    import numpy as np

    (azimuth, zenith), (azimuth_found, zenith_found) = np.asarray(truth).T, np.asarray(prediction).T
    across = np.sin(zenith) * np.sin(zenith_found) * np.cos(azimuth - azimuth_found)
    cosine = across + np.cos(zenith) * np.cos(zenith_found)
    return float(np.mean(np.arccos(np.clip(cosine, -1, 1))))


class KlDivergenceOptions(NoOptions):
    """Where predicted shares are cut off."""

    clip: float = Field(default=1e-15, gt=0, lt=0.5)


@metric("kl_divergence", direction="minimize", takes="numbers", domain=(0, 1), options=KlDivergenceOptions)
def kl_divergence(truth: Array, prediction: Array, clip: float = 1e-15) -> float:
    """Mean over the rows of the Kullback-Leibler divergence of the predicted shares from the true ones; from 0.

    One column a class. Truth may be counts, as of votes: each row is divided by its sum; a class of share 0 adds
    nothing. Predictions are cut to `clip` … 1 - `clip` and not normalised. Source: Kaggle's Kullback-Leibler metric.
    """
    import numpy as np
    from scipy.special import rel_entr

    votes = np.asarray(truth, dtype=float)
    shares = votes / votes.sum(axis=1, keepdims=True)
    return float(rel_entr(shares, np.clip(np.asarray(prediction, dtype=float), clip, 1 - clip)).sum(axis=1).mean())


class LaplaceOptions(NoOptions):
    """Below which spread, and beyond which error, nothing more is lost."""

    least_spread: float = Field(default=70, gt=0)
    largest_error: float = Field(default=1000, gt=0)


@metric("laplace_log_likelihood", direction="maximize", takes="numbers", options=LaplaceOptions)
def laplace_log_likelihood(
    truth: Array, prediction: Array, least_spread: float = 70, largest_error: float = 1000
) -> float:
    """Mean log-likelihood of a Laplace distribution about each prediction, modified; at most -log(√2 least_spread).

    Two columns: the value, and the standard deviation claimed for it (whose truth plays no part). The deviation counts
    as `least_spread` at least, the error as `largest_error` at most. Source: OSIC Pulmonary Fibrosis Progression.
    """
    import numpy as np

    value, (found, spread) = np.asarray(truth, dtype=float)[:, 0], np.asarray(prediction, dtype=float).T
    spread = np.maximum(spread, least_spread)
    error = np.minimum(np.abs(value - found), largest_error)
    return float(np.mean(-math.sqrt(2) * error / spread - np.log(math.sqrt(2) * spread)))


class PercentileDistanceOptions(NoOptions):
    """Which columns hold the group and the position, and which percentiles are averaged."""

    group: str
    latitude: str
    longitude: str
    percentiles: tuple[float, ...] = Field(default=(50, 95), min_length=1)


@metric("percentile_distance", direction="minimize", takes="table", options=PercentileDistanceOptions)
def percentile_distance(
    truth: Table,
    prediction: Table,
    group: str,
    latitude: str,
    longitude: str,
    percentiles: tuple[float, ...] = (50, 95),
) -> float:
    """Mean, over groups of rows and over percentiles, of the great-circle distance in metres; from 0.

    Rows of a group, a trip say, are matched in their order; percentiles within it are interpolated linearly.
    Source: Google Smartphone Decimeter Challenge.
    """
    import numpy as np

    one, other = (_sorted_positions(table, group, latitude, longitude) for table in (truth, prediction))
    distance = EARTH_RADIUS_M * _great_circle(one, other)
    _, counts = np.unique(np.asarray(truth[group], dtype=str), return_counts=True)
    trips = np.split(distance, np.cumsum(counts)[:-1])
    return float(np.mean([np.percentile(trip, percentiles) for trip in trips]))


def _sorted_positions(table: Table, group: str, latitude: str, longitude: str) -> tuple[Array, Array]:
    """Return latitudes and longitudes in radians, group after group."""
    import numpy as np

    order = np.argsort(np.asarray(table[group], dtype=str), kind="stable")
    return np.radians(table[latitude][order]), np.radians(table[longitude][order])


def _great_circle(one: tuple[Array, Array], other: tuple[Array, Array]) -> NDArray[Any]:
    """Return the angle between positions (latitude, longitude), by the haversine formula."""
    import numpy as np

    across, along = other[0] - one[0], other[1] - one[1]
    square = np.sin(across / 2) ** 2 + np.cos(one[0]) * np.cos(other[0]) * np.sin(along / 2) ** 2
    angle: NDArray[Any] = 2 * np.arcsin(np.sqrt(np.clip(square, 0, 1)))
    return angle


class MaskedMcrmseOptions(NoOptions):
    """Which columns count, and the column of the answers that says which rows do."""

    columns: tuple[str, ...] = Field(min_length=1)
    mask: str


@metric("masked_mcrmse", direction="minimize", takes="table", options=MaskedMcrmseOptions)
def masked_mcrmse(truth: Table, prediction: Table, columns: tuple[str, ...], mask: str) -> float:
    """Mean over some columns of the root mean squared error over the rows that count; from 0.

    For measurements that exist for part of what is predicted: `mask` is a column of the answers, True where one does.
    """
    import numpy as np

    kept = np.asarray(truth[mask], dtype=bool)
    if not kept.any():
        raise ValueError(f"no row of the answers counts: {mask!r} is nowhere true")
    return float(np.mean([math.sqrt(np.mean((truth[name] - prediction[name])[kept] ** 2)) for name in columns]))


@metric("sequence_error_rate", direction="minimize", takes="anything")
def sequence_error_rate(truth: Array, prediction: Array) -> float:
    """Edits (insertions, deletions, replacements) between label sequences, over all true labels; from 0, may pass 1.

    A sequence is one text of whole numbers with blanks between; the sum over all rows is divided by the number of true
    labels, so long rows weigh more. Source: Levenshtein 1966; ChaLearn Multi-modal Gesture Recognition 2013.
    """
    from rapidfuzz.distance import Levenshtein

    true, found = ([_numbers(text, row) for row, text in enumerate(texts)] for texts in (truth, prediction))
    labels = sum(map(len, true))
    if labels == 0:
        raise ValueError("the truth has no label in any row")
    return sum(Levenshtein.distance(one, other) for one, other in zip(true, found, strict=True)) / labels


def _numbers(text: object, row: int) -> list[int]:
    try:
        return [int(word) for word in str(text).split()]
    except ValueError as error:
        raise InvalidSubmission(f"row {row + 1}: expected whole numbers with blanks between") from error
