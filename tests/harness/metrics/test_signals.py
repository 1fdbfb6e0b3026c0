"""Known values of the metrics of signals, and what happens at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InvalidSubmission
from harness.metrics import get_metric

SEEDS = st.integers(0, 2**32 - 1)


def score(name: str, truth: object, prediction: object, **options: object) -> float:
    return get_metric(name).score(np.array(truth), np.array(prediction), options)


def table(name: str, truth: dict[str, object], prediction: dict[str, object], **options: object) -> float:
    tables = ({column: np.array(values) for column, values in side.items()} for side in (truth, prediction))
    return get_metric(name).score(*tables, options)


def test_angle_between_directions() -> None:
    assert score("mean_angular_error", [[0, math.pi / 2]], [[math.pi / 2, math.pi / 2]]) == pytest.approx(math.pi / 2)
    assert score("mean_angular_error", [[0, 0]], [[5, math.pi]]) == pytest.approx(math.pi)
    assert score("mean_angular_error", [[1, 1], [2, 2]], [[1, 1], [2 + 4 * math.pi, 2]]) == pytest.approx(0, abs=1e-7)


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_angle_is_the_same_either_way_and_for_a_turned_sky(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.uniform(0, math.pi, (20, 2)), rng.uniform(0, math.pi, (20, 2))
    value = score("mean_angular_error", one, other)
    assert score("mean_angular_error", other, one) == pytest.approx(value, rel=1e-12)
    assert score("mean_angular_error", one + np.array([1.5, 0]), other + np.array([1.5, 0])) == pytest.approx(
        value, rel=1e-9
    )
    assert score("mean_angular_error", one[::-1], other[::-1]) == pytest.approx(value, rel=1e-12)


def test_divergence_of_shares() -> None:
    assert score("kl_divergence", [[3, 1]], [[0.75, 0.25]]) == pytest.approx(0, abs=1e-15)
    assert score("kl_divergence", [[1, 0], [1, 1]], [[0.5, 0.5], [0.5, 0.5]]) == pytest.approx(math.log(2) / 2)


def test_divergence_from_a_share_of_nothing_is_cut_off() -> None:
    assert score("kl_divergence", [[1, 0]], [[0, 1]]) == pytest.approx(-math.log(1e-15))
    assert score("kl_divergence", [[1, 0]], [[0, 1]], clip=1e-3) == pytest.approx(-math.log(1e-3))


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_no_shares_diverge_less_than_the_true_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, found = rng.dirichlet([1, 1, 1], 20), rng.dirichlet([1, 1, 1], 20)
    value = score("kl_divergence", truth, found)
    assert value > score("kl_divergence", truth, truth) == pytest.approx(0, abs=1e-12)
    assert score("kl_divergence", 7 * truth[::-1], found[::-1]) == pytest.approx(value, rel=1e-9)


def test_likelihood_of_a_forecast_with_its_spread() -> None:
    best = -math.log(math.sqrt(2) * 70)
    assert score("laplace_log_likelihood", [[2000, 100]], [[2000, 70]]) == pytest.approx(best)
    assert score("laplace_log_likelihood", [[2000, 100]], [[2000, -5]]) == pytest.approx(best)
    expected = -math.sqrt(2) * 100 / 200 - math.log(math.sqrt(2) * 200)
    assert score("laplace_log_likelihood", [[2000, 100]], [[2100, 200]]) == pytest.approx(expected)


def test_likelihood_is_cut_off_at_the_largest_error() -> None:
    far, farther = (score("laplace_log_likelihood", [[0, 0]], [[error, 100]]) for error in (1000, 1e9))
    assert far == farther


def test_distance_percentiles_are_averaged_over_trips() -> None:
    degree = math.pi / 180 * 6_371_000
    names = {"group": "trip", "latitude": "lat", "longitude": "lon"}
    truth = {"trip": ["b", "a", "b"], "lat": [0.0, 0, 0], "lon": [0.0, 0, 0]}
    found = {**truth, "lon": [1.0, 3, 2]}
    trip_b = (1.5 + 1.95) / 2  # its median and its 95th percentile, between 1 and 2
    assert table("percentile_distance", truth, found, **names) == pytest.approx(degree * (3 + trip_b) / 2)
    assert table("percentile_distance", truth, truth, **names) == 0
    poles = {**truth, "lat": [90.0, 90, 90]}
    assert table("percentile_distance", truth, poles, **names) == pytest.approx(90 * degree)


def test_masked_rows_do_not_count() -> None:
    truth = {"keep": [True, True, False], "a": [0.0, 0, 0], "b": [1.0, 1, 1]}
    found = {"a": [3.0, 3, 99], "b": [2.0, 0, 99]}
    assert table("masked_mcrmse", truth, found, columns=["a", "b"], mask="keep") == pytest.approx((3 + 1) / 2)
    assert table("masked_mcrmse", truth, truth, columns=["a"], mask="keep") == 0
    with pytest.raises(ValueError, match="no row"):
        table("masked_mcrmse", {**truth, "keep": [False] * 3}, found, columns=["a"], mask="keep")


def test_edits_are_counted_over_all_labels() -> None:
    assert score("sequence_error_rate", ["1 2 3", "4"], ["1 2 3", "4"]) == 0
    assert score("sequence_error_rate", ["1 2 3", "4"], ["1 3", "5"]) == 0.5
    assert score("sequence_error_rate", ["1"], ["2 3 4"]) == 3
    assert score("sequence_error_rate", ["12 3"], ["1 23"]) == 1  # labels, not characters
    assert score("sequence_error_rate", ["1 2"], [""]) == 1


def test_a_sequence_of_anything_but_whole_numbers_is_refused() -> None:
    with pytest.raises(InvalidSubmission, match="row 2: expected whole numbers"):
        score("sequence_error_rate", ["1", "2"], ["1", "2 x"])
