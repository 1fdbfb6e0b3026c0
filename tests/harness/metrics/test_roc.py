"""The weighted area under the ROC curve: known values, the plain area as a special case, and what it must refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from harness.metrics import get_metric

ALASKA = {"edges": [0, 0.4, 1], "weights": [2, 1]}


def score(truth: object, prediction: object, **options: object) -> float:
    return get_metric("weighted_roc_auc").score(np.array(truth), np.array(prediction), options or ALASKA)


def test_a_right_order_scores_one_and_the_reverse_nothing() -> None:
    assert score([0, 0, 1, 1], [-1.5, 0, 2, 3]) == 1
    assert score([0, 0, 1, 1], [3, 2, 0, -1.5]) == 0


def test_all_tied_is_the_diagonal() -> None:
    assert score([0, 1, 0, 1], [0.5] * 4) == pytest.approx((2 * (0.4 - 0.08) + (0.6 - 0.18 - 0.24)) / 1.4)


def test_early_hits_count_twice() -> None:
    early = score([1, 1, 0, 0, 1, 1, 1], [7, 6, 5, 4, 3, 2, 1])
    late = score([0, 1, 1, 1, 1, 1, 0], [7, 6, 5, 4, 3, 2, 1])
    assert early == pytest.approx(0.8 / 1.4)
    assert late == pytest.approx(0.5)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=50), st.floats(0.1, 0.9))
def test_equal_weights_give_the_plain_area_in_any_row_order(rows: list[tuple[bool, int]], edge: float) -> None:
    truth, values = [truth for truth, _ in rows], [value for _, value in rows]
    if len(set(truth)) < 2:
        return
    options = {"edges": [0, edge, 1], "weights": [3, 3]}
    assert score(truth, values, **options) == pytest.approx(roc_auc_score(truth, values), abs=1e-9)
    assert score(truth[::-1], values[::-1]) == pytest.approx(score(truth, values))


def test_one_class_only_has_no_area() -> None:
    with pytest.raises(ValueError, match="both classes"):
        score([1, 1], [0.2, 0.3])


def test_bands_must_fit_their_weights() -> None:
    with pytest.raises(ValueError, match="one weight for each band"):
        score([0, 1], [0, 1], edges=[0, 1], weights=[1, 2])
