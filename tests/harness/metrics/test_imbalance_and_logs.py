"""Balanced log loss, and errors of logarithms: known values, direction, order of rows, edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.metrics import get_metric

balanced = get_metric("balanced_log_loss")
logs = get_metric("rmse_of_logs")
HOT = np.array([[1, 0], [1, 0], [1, 0], [0, 1]])
HALF = np.full((4, 2), 0.5)


def test_every_class_weighs_the_same_however_rare() -> None:
    assert balanced.score(HOT, HALF) == pytest.approx(math.log(2))
    chance = np.array([[0.8, 0.2]] * 4)
    assert balanced.score(HOT, chance) == pytest.approx((-math.log(0.8) - math.log(0.2)) / 2)


def test_rows_are_made_to_sum_to_one_and_certainty_is_cut() -> None:
    assert balanced.score(HOT, 2 * HALF / 2.5) == pytest.approx(math.log(2))
    assert balanced.score(HOT, np.zeros((4, 2))) == pytest.approx(math.log(2))
    assert balanced.score(HOT, HOT) == pytest.approx(0, abs=1e-12)
    assert balanced.score(HOT, 1 - HOT) == pytest.approx(-math.log(1e-15))


def test_a_class_without_rows_counts_nothing() -> None:
    assert balanced.score(HOT[:3], HALF[:3]) == pytest.approx(math.log(2))


def test_errors_of_logs_are_relative() -> None:
    truth = np.array([100.0, 1000.0])
    assert logs.score(truth, truth * 2) == pytest.approx(math.log(2))
    assert logs.score(truth, truth / 2) == pytest.approx(math.log(2))
    assert logs.score(truth, truth) == 0
    assert logs.domain[0] > 0


def test_order_of_rows_is_free_and_better_is_less() -> None:
    random = np.random.default_rng(0)
    chance = random.random((4, 2))
    order = random.permutation(4)
    assert balanced.score(HOT, chance) == pytest.approx(balanced.score(HOT[order], chance[order]))
    assert balanced.score(HOT, 0.7 * HOT + 0.15) < balanced.score(HOT, HALF)
    assert (balanced.direction, logs.direction) == ("minimize", "minimize")
