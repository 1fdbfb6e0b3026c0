"""Known values of the metrics over classes too many to list."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from harness.metrics import get_metric


def score(name: str, truth: list[int], prediction: object) -> float:
    return get_metric(name).score(np.array(truth), prediction)


def test_every_class_counts_the_same() -> None:
    assert score("macro_f1", [1, 1, 1, 2], np.array([1, 1, 1, 2])) == 1
    assert score("macro_f1", [1, 1, 1, 2], np.array([1, 1, 1, 1])) == pytest.approx((6 / 7 + 0) / 2)


def test_a_class_that_is_only_predicted_counts_with_nothing() -> None:
    assert score("macro_f1", [1, 1], np.array([1, 90001])) == pytest.approx((2 / 3 + 0) / 2)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-3, 5), st.integers(-3, 5)), min_size=1, max_size=40))
def test_it_is_scikit_learns_in_any_row_order(rows: list[tuple[int, int]]) -> None:
    truth, prediction = np.array(rows).T
    expected = f1_score(truth, prediction, average="macro", zero_division=0)
    assert score("macro_f1", list(truth), prediction) == pytest.approx(expected)
    assert score("macro_f1", list(truth[::-1]), prediction[::-1]) == pytest.approx(expected)


def test_error_counts_the_first_label_only() -> None:
    assert score("top_1_error", [7, 8, 9], np.array(["7 8", "9 8", "9"], dtype=object)) == pytest.approx(1 / 3)
    assert score("top_1_error", [7, 8], np.array([7, 8])) == 0
