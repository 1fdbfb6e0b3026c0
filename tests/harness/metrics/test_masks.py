"""Known values of the metrics of masks, their edges, and slow definitions to agree with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import directed_hausdorff
from sklearn.metrics import fbeta_score

from harness.errors import InvalidSubmission
from harness.metrics import get_metric, masks, rle

SIDE = 4
PAIRS = arrays(bool, st.tuples(st.integers(1, 5), st.just(2), st.just(SIDE), st.just(SIDE)))
PLACE = {"mask": "rle", "width": SIDE, "height": SIDE}
UW = {**PLACE, "slice_id": "id", "volume_pattern": "(.+?)_slice"}


def tables(pairs: np.ndarray) -> tuple[dict[str, Any], dict[str, Any]]:
    """A row for each pair of masks; rows are slices of one volume."""
    ids = np.array([f"case_slice_{row}" for row in range(len(pairs))], dtype=object)
    coded = [np.array([rle.encode(pair[side]) for pair in pairs], dtype=object) for side in (0, 1)]
    return {"id": ids, "rle": coded[0]}, {"id": ids, "rle": coded[1]}


def score(name: str, truth: list[str], prediction: list[str], **options: object) -> float:
    ids = np.array([f"case_slice_{row}" for row in range(len(truth))], dtype=object)
    columns = [{"id": ids, "rle": np.array(column, dtype=object)} for column in (truth, prediction)]
    return get_metric(name).score(*columns, {**PLACE, **options})


def test_dice_is_twice_the_shared_over_both() -> None:
    assert score("mean_dice", ["1 4"], ["3 4"]) == 0.5
    assert score("mean_dice", ["1 4", ""], ["3 4", ""]) == 0.75
    assert score("mean_dice", ["", "1 1"], ["1 1", ""]) == 0
    assert score("global_dice", ["1 4", "1 12"], ["1 4", ""]) == pytest.approx(8 / 20)
    assert score("global_dice", ["-"], ["-"]) == 1


def test_precision_counts_the_thresholds_below_the_overlap() -> None:
    assert score("mask_precision", ["1 8"], ["1 8"]) == 1
    assert score("mask_precision", ["1 8"], ["1 4"]) == 0  # an IoU of 0.5 is not above 0.5
    assert score("mask_precision", ["1 8"], ["1 5"]) == pytest.approx(0.3)
    assert score("mask_precision", ["", "1 1"], ["", ""]) == 0.5
    assert score("mask_precision", [""], ["1 1"]) == 0


def test_an_empty_prediction_may_count_as_every_pixel() -> None:
    assert score("mask_precision", ["1 15"], [""]) == 0
    assert score("mask_precision", ["1 15"], [""], empty_is_full=True) == pytest.approx(0.9)
    assert score("mask_precision", [""], [""], empty_is_full=True) == 1


@given(pairs=PAIRS)
@settings(deadline=None, max_examples=50)
def test_pixel_fbeta_is_scikit_learns(pairs: np.ndarray) -> None:
    wanted = np.mean([fbeta_score(a.ravel(), b.ravel(), beta=0.5, zero_division=0) for a, b in pairs])
    found = get_metric("pixel_fbeta").score(*tables(pairs), {**PLACE, "beta": 0.5})
    assert found == pytest.approx(wanted)


@given(pairs=PAIRS)
@settings(deadline=None, max_examples=50)
def test_hausdorff_distance_is_scipys(pairs: np.ndarray) -> None:
    true, predicted = pairs[:, 0], pairs[:, 1]
    places = [np.flatnonzero(volume) for volume in (true, predicted)]
    found = masks.hausdorff(*places, true.shape)
    if not true.any() and not predicted.any():
        assert np.isnan(found)
    elif not true.any() or not predicted.any() or predicted.sum() > 10 * true.sum():
        assert found == 1
    else:
        a, b = (np.argwhere(volume) / true.shape for volume in (true, predicted))
        assert found == pytest.approx(max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0]) / 3**0.5)


def test_masks_of_one_slice_make_one_slice_of_the_volume() -> None:
    truth = {"id": np.array(["a_slice_1", "a_slice_1"], dtype=object), "rle": np.array(["1 1", "6 1"], dtype=object)}
    swapped = {**truth, "rle": truth["rle"][::-1]}
    assert get_metric("dice_and_hausdorff").score(truth, swapped, UW) == pytest.approx(0.6)


@pytest.mark.parametrize("name", ["mean_dice", "global_dice", "mask_precision", "pixel_fbeta", "dice_and_hausdorff"])
@given(pairs=PAIRS.filter(lambda pairs: pairs[:, 0].any(axis=(1, 2)).all()), seed=st.integers(0, 9))
@settings(deadline=None, max_examples=25)
def test_the_truth_scores_one_and_row_order_does_not_matter(name: str, pairs: np.ndarray, seed: int) -> None:
    options = UW if name == "dice_and_hausdorff" else PLACE
    truth, prediction = tables(pairs)
    metric, order = get_metric(name), np.random.default_rng(seed).permutation(len(pairs))
    assert metric.score(truth, truth, options) == pytest.approx(1)
    found = metric.score(truth, prediction, options)
    assert 0 <= found <= 1
    shuffled = [{name: column[order] for name, column in table.items()} for table in (truth, prediction)]
    assert metric.score(*shuffled, options) == pytest.approx(found)


def test_a_run_beyond_the_image_is_the_submissions_fault() -> None:
    with pytest.raises(InvalidSubmission, match=r"'16 2' .*ends at pixel 17 of a mask that has 16"):
        score("mean_dice", ["1 1", "1 1"], ["1 1", "16 2"])


def test_rows_may_be_compared_by_position_while_volumes_go_by_ids() -> None:
    truth = {"id": np.array(["a_slice_1", "b_slice_1"], dtype=object), "rle": np.array(["1 4", "9 4"], dtype=object)}
    turned = {name: column[::-1] for name, column in truth.items()}
    metric = get_metric("dice_and_hausdorff")
    assert metric.score(truth, turned, {**UW, "by_position": True}) == pytest.approx(0.6)
    assert metric.score(truth, truth, {**UW, "by_position": True}) == 1
    beyond = {**truth, "rle": np.array(["1 4", "16 2"], dtype=object)}
    with pytest.raises(InvalidSubmission, match="16 2"):
        metric.score(truth, beyond, {**UW, "by_position": True})
