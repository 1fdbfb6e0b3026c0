"""Scores of sets of labels: known values, what unknown labels count as, empties, and agreement with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from harness.metrics import get_metric

F1 = get_metric("f1_of_lists")
ROWS = st.lists(st.tuples(*[st.lists(st.sampled_from("abcdef"), max_size=4)] * 2), min_size=1, max_size=20)


def score(truth: list[str], prediction: list[str], **options: str) -> float:
    return F1.score(np.array(truth, dtype=object), np.array(prediction, dtype=object), options)


def test_known_values() -> None:
    truth, prediction = ["a b", "c"], ["a", "c d"]
    assert score(truth, prediction) == pytest.approx(2 * 2 / (3 + 3))
    assert score(truth, prediction, average="samples") == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert score(truth, prediction, unknown="nothing") == pytest.approx(2 * 2 / (3 + 2))


def test_perfect_is_1_and_nothing_right_is_0() -> None:
    for average in ("micro", "samples"):
        assert score(["a b", "c"], ["b  a", "c c"], average=average) == 1
        assert score(["a b", "c"], ["c", "a"], average=average) == 0


def test_empty_rows() -> None:
    assert score(["", ""], ["", " "]) == 0
    assert score(["", ""], ["", " "], average="samples") == 1
    assert score(["a", ""], ["", ""], average="samples") == 0.5


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_it_agrees_with_scikit_learn_in_any_row_order(rows: list[tuple[list[str], list[str]]]) -> None:
    truth, prediction = [" ".join(row[0]) for row in rows], [" ".join(row[1]) for row in rows]
    for unknown, labels in (("wrong", "abcdef"), ("nothing", sorted({label for row in rows for label in row[0]}))):
        if len(labels) < 2:  # scikit-learn takes one column for something else
            continue
        binarizer = MultiLabelBinarizer(classes=list(labels))
        hot = binarizer.fit_transform(row[0] for row in rows)
        guess = binarizer.transform([[label for label in row[1] if label in labels] for row in rows])
        for average in ("micro", "samples"):
            empty = 1 if average == "samples" else 0
            expected = f1_score(hot, guess, average=average, zero_division=empty)
            assert score(truth, prediction, average=average, unknown=unknown) == pytest.approx(expected)
            assert score(truth[::-1], prediction[::-1], average=average, unknown=unknown) == pytest.approx(expected)
