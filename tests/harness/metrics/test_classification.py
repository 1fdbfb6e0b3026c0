"""Known values of the metrics of classes, and what happens at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import get_metric


def score(name: str, truth: object, prediction: object, **options: object) -> float:
    return get_metric(name).score(np.array(truth), np.array(prediction), options)


def test_accuracy_compares_labels_of_any_kind() -> None:
    assert score("accuracy", [True, False, True, True], [True, True, True, False]) == 0.5
    assert score("accuracy", ["a", "b", "b"], ["a", "b", "a"]) == pytest.approx(2 / 3)
    assert score("accuracy", [3, 7, 7, 9], [3, 7, 9, 9]) == 0.75


def test_balanced_accuracy_weighs_every_true_class_the_same() -> None:
    assert score("balanced_accuracy", [0, 0, 0, 1], [0, 0, 0, 0]) == 0.5
    assert score("balanced_accuracy", [0, 0, 0, 1], [2, 0, 0, 1]) == pytest.approx((2 / 3 + 1) / 2)


def test_area_under_the_curve_counts_pairs_in_the_right_order() -> None:
    assert score("roc_auc", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == 0.75
    assert score("roc_auc", [0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]) == 0.5
    assert score("roc_auc", [False, True], [-3.0, 12.0]) == 1


def test_area_of_several_columns_is_their_mean_or_that_of_all_cells() -> None:
    truth, chance = [[0, 1], [1, 0], [1, 1]], [[0.1, 0.9], [0.8, 0.95], [0.9, 0.99]]
    assert score("roc_auc", truth, chance) == 0.75
    assert score("roc_auc", truth, chance, average="micro") == pytest.approx(5 / 8)


def test_area_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="both classes"):
        score("roc_auc", [1, 1], [0.1, 0.2])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=60))
def test_area_is_the_share_of_ordered_pairs_with_ties_counting_half(rows: list[tuple[bool, int]]) -> None:
    positive, negative = ([value for truth, value in rows if truth is side] for side in (True, False))
    if not positive or not negative:
        return
    pairs = [(p > n) + (p == n) / 2 for p in positive for n in negative]
    truths, values = [truth for truth, _ in rows], [value for _, value in rows]
    assert score("roc_auc", truths, values) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


@settings(deadline=None, max_examples=100)
@given(st.integers(2, 400), st.integers(1, 60), st.integers(0, 2**32))
def test_area_agrees_with_scikit_learn(rows: int, different: int, seed: int) -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    truth = np.concatenate([[0, 1], rng.integers(0, 2, rows)])
    for values in (rng.normal(size=rows + 2), rng.integers(different, size=rows + 2) / 7):
        assert score("roc_auc", truth, values) == pytest.approx(roc_auc_score(truth, values), abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 30), st.integers(2, 12), st.integers(0, 2**32))
def test_log_loss_is_the_mean_over_all_cells_of_truth_times_logarithm(rows: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.eye(classes)[rng.integers(classes, size=rows)]
    chances = rng.integers(0, 3, (rows, classes)) / 2
    total = chances.sum(axis=1, keepdims=True)
    divided = np.divide(chances, total, out=np.full_like(chances, 1 / classes), where=total > 0)
    for normalize, chance in ((True, divided), (False, chances)):
        expected = -(truth * np.log(np.clip(chance, 1e-15, 1 - 1e-15))).sum(axis=1).mean()
        for order in "CF":
            found = score("log_loss", truth.astype(bool), np.array(chances, order=order), normalize=normalize)
            assert found == pytest.approx(expected, rel=1e-14)


def test_log_loss_of_one_column_is_of_the_probability_of_true() -> None:
    expected = -(math.log(0.9) + math.log(1 - 0.2)) / 2
    assert score("log_loss", [1, 0], [0.9, 0.2]) == pytest.approx(expected)
    assert score("log_loss", [True, False], [0.9, 0.2]) == pytest.approx(expected)


def test_log_loss_of_one_hot_rows_divides_by_their_sum() -> None:
    truth = [[1, 0, 0], [0, 0, 1]]
    assert score("log_loss", truth, [[2, 1, 1], [0.25, 0.25, 0.5]]) == pytest.approx(math.log(2))
    assert score("log_loss", truth, [[0, 0, 0], [1, 1, 1]]) == pytest.approx(math.log(3))
    assert score("log_loss", truth, [[0.5, 0.1, 0.1], [0, 0, 0.5]], normalize=False) == pytest.approx(math.log(2))


def test_log_loss_of_a_certain_error_is_cut_off() -> None:
    assert score("log_loss", [1], [0.0]) == pytest.approx(-math.log(1e-15))
    assert score("log_loss", [1], [0.0], clip=1e-3) == pytest.approx(-math.log(1e-3))


def test_f1_by_average() -> None:
    assert score("f1", [1, 1, 0, 0], [1, 0, 1, 0]) == 0.5
    assert score("f1", [0, 0], [0, 0]) == 0
    truth, prediction = ["a", "a", "b", "c"], ["a", "b", "b", "b"]
    assert score("f1", truth, prediction, average="micro") == 0.5
    assert score("f1", truth, prediction, average="macro") == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_kappa_weighs_errors_by_their_squared_distance() -> None:
    truth = [0, 1, 2, 3, 4]
    assert score("quadratic_weighted_kappa", truth, truth) == 1
    assert score("quadratic_weighted_kappa", truth, truth[::-1]) == pytest.approx(-1)
    near, far = [1, 1, 2, 3, 4], [4, 1, 2, 3, 4]
    assert score("quadratic_weighted_kappa", truth, near) > score("quadratic_weighted_kappa", truth, far)


def test_kappa_counts_a_gap_between_labels_as_a_gap() -> None:
    assert score("quadratic_weighted_kappa", [0, 4, 0, 4], [0, 4, 4, 4]) == pytest.approx(0.5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=60))
def test_kappa_is_scikit_learns_over_all_labels(rows: list[tuple[int, int]]) -> None:
    from sklearn.metrics import cohen_kappa_score

    truth, prediction = zip(*rows, strict=True)
    if len({*truth, *prediction}) > 1:
        expected = cohen_kappa_score(truth, prediction, labels=range(5), weights="quadratic")
        assert score("quadratic_weighted_kappa", truth, prediction) == pytest.approx(expected, abs=1e-12)


def test_kappa_of_a_constant() -> None:
    assert score("quadratic_weighted_kappa", [2, 2], [2, 2]) == 1
    assert score("quadratic_weighted_kappa", [0, 1, 2], [1, 1, 1]) == 0


def test_matthews_correlation() -> None:
    assert score("mcc", [1, 1, 0, 0], [1, 1, 0, 0]) == 1
    assert score("mcc", [1, 1, 0, 0], [0, 0, 1, 1]) == -1
    assert score("mcc", [1, 1, 0, 0], [1, 1, 1, 1]) == 0
