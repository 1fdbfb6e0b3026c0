"""Kendall's tau of item orders: known values, a count by hand, and what is no order of these items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from harness.errors import InvalidSubmission
from harness.metrics import get_metric
from harness.metrics.ordering import inversions


def score(truth: list[str], prediction: list[str]) -> float:
    return get_metric("kendall_tau_of_orders").score(np.array(truth, object), np.array(prediction, object))


def test_the_same_order_scores_one_and_the_reverse_minus_one() -> None:
    assert score(["a b c d", "x y"], ["a b c d", "x y"]) == 1
    assert score(["a b c d", "x y"], ["d c b a", "y x"]) == -1


def test_one_swap_costs_four_over_n_times_n_minus_one() -> None:
    assert score(["a b c d"], ["b a c d"]) == pytest.approx(1 - 4 / 12)


def test_swaps_are_pooled_over_rows_not_averaged() -> None:
    assert score(["a b c d", "x y"], ["a b c d", "y x"]) == pytest.approx(1 - 4 / (12 + 2))


def test_items_of_other_rows_are_other_items() -> None:
    assert score(["a b", "b a"], ["a b", "b a"]) == 1
    assert score(["a b", "b a"], ["b a", "a b"]) == -1


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 40), st.randoms(use_true_random=False))
def test_one_row_agrees_with_scipy(length: int, random: object) -> None:
    order = list(range(length))
    random.shuffle(order)  # type: ignore[attr-defined]
    truth, prediction = " ".join(map(str, range(length))), " ".join(map(str, order))
    assert score([truth], [prediction]) == pytest.approx(kendalltau(range(length), order).statistic)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(0, 99))
def test_inversions_are_the_pairs_out_of_order_within_blocks(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = [rng.permutation(length) for length in lengths]
    by_hand = sum(int((np.triu(block[:, None] > block[None, :])).sum()) for block in blocks)
    assert inversions(np.concatenate(blocks), np.array(lengths)) == by_hand


@pytest.mark.parametrize(
    ("prediction", "reason"),
    [("a b", "2 items, expected 3"), ("a b z", "not to be ordered"), ("a b b", "twice"), ("", "expected 3")],
)
def test_what_is_no_order_of_the_items_is_refused(prediction: str, reason: str) -> None:
    with pytest.raises(InvalidSubmission, match=reason):
        score(["x y", "a b c"], ["y x", prediction])


def test_no_pair_at_all_has_no_tau() -> None:
    with pytest.raises(ValueError, match="two items"):
        score(["a", "b"], ["a", "b"])
