"""Known values of the metrics of rankings, and what happens at ties, repeats and empties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import get_metric

Rows = list[tuple[list[str], list[str]]]
ROWS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=7),
        st.lists(st.sampled_from(["", "a", "b", "c", "z"]), min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=20,
)


def at_k(truth: list[str], prediction: list[str], k: int) -> float:
    return get_metric("map_at_k").score(np.array(truth, dtype=object), np.array(prediction, dtype=object), {"k": k})


def lwlrap(truth: object, prediction: object) -> float:
    return get_metric("lwlrap").score(np.array(truth), np.array(prediction))


def test_one_right_item_counts_one_over_its_place() -> None:
    assert at_k(["whale"], ["whale a b"], 5) == 1
    assert at_k(["whale"], ["a b whale"], 5) == pytest.approx(1 / 3)
    assert at_k(["whale", "whale"], ["whale", "a b"], 5) == 0.5


def test_several_right_items_count_their_precision() -> None:
    assert at_k(["a b"], ["a x b"], 3) == pytest.approx((1 + 2 / 3) / 2)
    assert at_k(["a b c d"], ["a b"], 2) == 1


def test_nothing_counts_beyond_place_k() -> None:
    assert at_k(["whale"], ["a b whale"], 2) == 0


def test_a_repeated_item_counts_once_and_takes_its_place() -> None:
    assert at_k(["a b"], ["a a b"], 3) == pytest.approx((1 + 2 / 3) / 2)


def test_nothing_predicted_scores_nothing() -> None:
    assert at_k(["a", "b"], ["", "b"], 5) == 0.5


def test_items_may_be_whole_numbers() -> None:
    assert get_metric("map_at_k").score(np.array([3, 4]), np.array([3, 5]), {"k": 5}) == 0.5


@settings(deadline=None, max_examples=100)
@given(ROWS, st.integers(1, 6))
def test_map_is_the_mean_of_the_rows_average_precisions(rows: Rows, k: int) -> None:
    def precision(right: set[str], ranked: list[str]) -> float:
        hits = [place for place, item in enumerate(ranked[:k]) if item in right and item not in ranked[:place]]
        return sum((number + 1) / (place + 1) for number, place in enumerate(hits)) / min(len(right), k)

    expected = np.mean([precision(set(right), ranked) for right, ranked in rows])
    texts = [[" ".join(items) for items in side] for side in zip(*rows, strict=True)]
    assert at_k(texts[0], texts[1], k) == pytest.approx(expected, abs=1e-12)
    assert at_k(texts[0][::-1], texts[1][::-1], k) == pytest.approx(expected, abs=1e-12)


def test_lwlrap_is_the_mean_precision_at_the_true_labels() -> None:
    assert lwlrap([[1, 0, 0], [0, 1, 1]], [[0.9, 0.1, 0.2], [0.1, 0.5, 0.4]]) == 1
    assert lwlrap([[1, 0, 0]], [[0.1, 0.2, 0.3]]) == pytest.approx(1 / 3)
    # the first row's label has precision 1, the second row's two have 1/2 and 2/3
    assert lwlrap([[1, 0, 0], [0, 1, 1]], [[9, 1, 2], [3, 2, 1]]) == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)


def test_lwlrap_takes_the_worse_rank_at_ties() -> None:
    assert lwlrap([[1, 0, 0, 0]], [[0.5, 0.5, 0.5, 0.5]]) == pytest.approx(1 / 4)


def test_lwlrap_leaves_out_rows_without_a_label() -> None:
    assert lwlrap([[1, 0], [0, 0]], [[0.2, 0.1], [0.1, 0.2]]) == 1
    with pytest.raises(ValueError, match="no label"):
        lwlrap([[0, 0]], [[1, 2]])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_lwlrap_depends_on_the_order_within_rows_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, score = np.r_[np.eye(6, dtype=int), rng.integers(0, 2, (20, 6))], rng.random((26, 6))
    order = rng.permutation(26)
    value = lwlrap(truth, score)
    assert lwlrap(truth[order], score[order]) == pytest.approx(value, rel=1e-12)
    assert lwlrap(truth, np.exp(3 * score) - 7) == pytest.approx(value, rel=1e-12)
    assert lwlrap(truth, truth) == 1 >= value > 0
