"""Run-length codes: there and back, against painted masks, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from harness.metrics import rle

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9))


def test_pixels_count_from_one_down_the_columns_or_along_the_rows() -> None:
    mask = np.array([[0, 1, 1], [0, 1, 0]])
    assert rle.encode(mask) == "3 3"
    assert rle.encode(mask, "across") == "2 2 5 1"
    assert rle.encode(np.zeros((2, 2))) == ""


@given(mask=MASKS, order=st.sampled_from(["down", "across"]))
@settings(deadline=None)
def test_a_mask_survives_coding(mask: np.ndarray, order: rle.Order) -> None:
    code = rle.encode(mask, order)
    assert (rle.decode(code, *mask.shape, order) == mask).all()
    assert rle.parse(code, mask.size).area == mask.sum()


@given(pair=arrays(bool, st.tuples(st.just(2), st.integers(1, 8), st.integers(1, 8))))
@settings(deadline=None)
def test_runs_share_what_the_painted_masks_share(pair: np.ndarray) -> None:
    first, second = (rle.parse(rle.encode(mask)) for mask in pair)
    assert rle.overlap(first, second) == rle.overlap(second, first) == (pair[0] & pair[1]).sum()


@pytest.mark.parametrize("nothing", ["", " ", "-"])
def test_an_empty_mask_has_no_runs(nothing: str) -> None:
    assert rle.parse(nothing, 4).area == 0
    assert not rle.decode(nothing, 2, 2).any()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("1 2 3", "pairs"),
        ("0 1", "from 1"),
        ("1 0", "from 1"),
        ("5 1 1 1", "order"),
        ("1 3 3 1", "overlap"),
        ("4 2", "ends at pixel 5 of a mask that has 4"),
        ("one 1", "whole numbers"),
        ("1.5 1", "whole numbers"),
        ("99999999999999999999 1", "whole numbers"),
        ("9223372036854775807 9223372036854775807", "from 1"),
    ],
)
def test_a_malformed_code_is_refused_with_the_reason(code: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rle.decode(code, 2, 2)
