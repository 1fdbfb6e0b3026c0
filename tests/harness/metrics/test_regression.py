"""Known values of the metrics of numbers, and what happens at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.metrics import get_metric

TRUTH, PREDICTION = [1.0, 2.0, 4.0, 8.0], [1.0, 4.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", (4 + 16) / 4),
        ("rmse", math.sqrt(5)),
        ("mae", 6 / 4),
        ("median_absolute_error", 1.0),
        ("mape", (1 + 0.5) / 4),
        ("smape", 100 * (2 / 3 + 4 / 6) / 4),
        ("rmsle", math.sqrt((math.log(5 / 3) ** 2 + math.log(9 / 5) ** 2) / 4)),
        ("r2", 1 - 20 / 28.75),
    ],
)
def test_known_values(name: str, expected: float) -> None:
    assert get_metric(name).score(np.array(TRUTH), np.array(PREDICTION)) == pytest.approx(expected)


def test_several_columns_count_the_same() -> None:
    truth, prediction = np.zeros((2, 2)), np.array([[1.0, 10.0], [1.0, 10.0]])
    assert get_metric("rmse").score(truth, prediction) == pytest.approx(5.5)
    assert get_metric("mse").score(truth, prediction) == pytest.approx(50.5)


def test_zero_met_by_zero_is_no_error_in_percent() -> None:
    assert get_metric("smape").score(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0
    assert get_metric("smape").score(np.array([0.0]), np.array([3.0])) == 200


def test_r2_of_a_constant_truth_is_one_or_zero() -> None:
    assert get_metric("r2").score(np.array([5.0, 5.0]), np.array([5.0, 5.0])) == 1
    assert get_metric("r2").score(np.array([5.0, 5.0]), np.array([5.0, 6.0])) == 0


def test_the_largest_allowed_numbers_do_not_overflow() -> None:
    from harness.specs.columns import LARGEST_NUMBER

    for name in ("mse", "rmse", "mae", "smape", "median_absolute_error"):
        assert math.isfinite(get_metric(name).score(np.array([1.0, 2.0]), np.array([LARGEST_NUMBER, -LARGEST_NUMBER])))


def test_mean_absolute_error_may_be_stated_whole() -> None:
    for error, stated in ((2.4, 2), (2.5, 2), (3.5, 4)):
        assert get_metric("mae").score(np.array([0.0]), np.array([error]), {"whole": True}) == stated


@pytest.mark.parametrize("shape", [(1,), (5,), (100_001,), (7, 1), (1000, 3)])
def test_root_mean_squared_error_is_that_of_scikit_learn(shape: tuple[int, ...]) -> None:
    from sklearn.metrics import root_mean_squared_error

    truth, prediction = np.random.default_rng(0).normal(size=(2, *shape))
    for order in "CF":
        found = get_metric("rmse").score(truth, np.array(prediction, order=order))
        assert found == pytest.approx(root_mean_squared_error(truth, prediction), rel=1e-14)
