"""Overlaps of boxes, which truth a detection finds, and areas under precision and recall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import boxes

SIDES = st.floats(0.5, 5)
CENTRES = st.floats(-3, 3)
ANGLES = st.floats(-4, 4)
SPATIAL = st.tuples(CENTRES, CENTRES, CENTRES, SIDES, SIDES, SIDES, ANGLES).map(lambda box: np.array([box]))


def test_items_are_read_with_the_row_they_stand_in() -> None:
    found = boxes.items(["car 1 2 bus 3 4", "", "car 5 6.5"], 3, label=0)
    assert found.rows.tolist() == [0, 0, 2]
    assert found.labels.tolist() == ["car", "bus", "car"]
    assert found.numbers.tolist() == [[1, 2], [3, 4], [5, 6.5]]
    assert len(boxes.items(["", ""], 3, label=0).rows) == 0
    with pytest.raises(ValueError, match="3 values an item"):
        boxes.items(["car 1"], 3, label=0)


def test_items_are_grouped_by_label_and_row() -> None:
    truth = boxes.items(["b 1 a 1", "b 1"], 2, label=0)
    found = boxes.items(["", "b 1 c 1 b 2"], 2, label=0)
    groups = [(label, row, list(true), list(those)) for label, row, true, those in boxes.by_row_and_label(truth, found)]
    assert groups == [("a", 0, [1], []), ("b", 0, [0], []), ("b", 1, [2], [0, 2]), ("c", 1, [], [1])]
    nothing = boxes.items([""], 2, label=0)
    assert list(boxes.by_row_and_label(nothing, nothing)) == []


def test_overlap_is_the_shared_over_the_joint_area() -> None:
    square, half, apart = [0.0, 0, 2, 2], [1.0, 0, 3, 2], [5.0, 5, 6, 6]
    assert boxes.iou(np.array([square]), np.array([square, half, apart])).tolist() == [[1, pytest.approx(1 / 3), 0]]
    assert boxes.iou(np.array([[1.0, 1, 1, 1]]), np.array([[1.0, 1, 1, 1]])).tolist() == [[0]]


def test_an_eighth_turn_of_a_square_leaves_an_octagon() -> None:
    square = np.array([[0.0, 0, 0, 1, 1, 1, 0]])
    turned = np.array([[0.0, 0, 0, 1, 1, 1, np.pi / 4]])
    assert boxes.overlap_of_rectangles(square, turned)[0] == pytest.approx(2 * (2**0.5 - 1))


@given(box=SPATIAL)
@settings(deadline=None)
def test_a_box_overlaps_itself_wholly_and_a_quarter_turn_swaps_its_sides(box: np.ndarray) -> None:
    swapped = box[:, [0, 1, 2, 4, 3, 5, 6]] + np.array([0, 0, 0, 0, 0, 0, np.pi / 2])
    assert boxes.iou_upright(box, box)[0, 0] == pytest.approx(1)
    assert boxes.iou_upright(box, swapped)[0, 0] == pytest.approx(1)


@given(first=SPATIAL, second=SPATIAL)
@settings(deadline=None)
def test_boxes_along_the_axes_overlap_as_plain_ones(first: np.ndarray, second: np.ndarray) -> None:
    first, second = first * [1, 1, 0, 1, 1, 1, 0], second * [1, 1, 0, 1, 1, 1, 0]
    flat = [np.hstack([box[:, :2] - box[:, [4, 3]] / 2, box[:, :2] + box[:, [4, 3]] / 2]) for box in (first, second)]
    shared = boxes.overlap_of_rectangles(first, second)[0]
    areas = sum(box[0, 3] * box[0, 4] for box in (first, second))
    assert shared / (areas - shared) == pytest.approx(boxes.iou(*flat)[0, 0], abs=1e-9)


@given(first=SPATIAL, second=SPATIAL, turn=ANGLES)
@settings(deadline=None)
def test_overlap_in_space_is_symmetric_and_does_not_change_when_both_are_turned(
    first: np.ndarray, second: np.ndarray, turn: float
) -> None:
    overlap = boxes.iou_upright(first, second)[0, 0]
    assert 0 <= overlap <= 1
    assert boxes.iou_upright(second, first)[0, 0] == pytest.approx(overlap, abs=1e-9)
    turned = [box.copy() for box in (first, second)]
    for box in turned:
        x, y = box[0, :2]
        box[0, :2] = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        box[0, 6] += turn
    assert boxes.iou_upright(*turned)[0, 0] == pytest.approx(overlap, abs=1e-9)


def test_a_detection_finds_the_best_truth_that_is_free() -> None:
    overlap = np.array([[0.8, 0.6], [0.9, 0.7], [0.9, 0.9]])
    assert boxes.matches(overlap, overlap > 0.5).tolist() == [0, 1, -1]
    assert boxes.matches(overlap, overlap > 0.65).tolist() == [0, 1, -1]
    ties = np.array([[0.9, 0.9]])
    assert boxes.matches(ties, ties > 0.5).tolist() == [0]
    assert boxes.matches(ties, ties > 0.5, last_of_ties=True).tolist() == [1]
    assert boxes.matches(overlap[:2, :1], overlap[:2, :1] > 0, never_take=np.array([True, False])).tolist() == [0, 0]
    assert boxes.matches(np.zeros((2, 0)), np.zeros((2, 0), bool)).tolist() == [-1, -1]


def test_only_the_truth_that_is_overlapped_most_counts_for_a_detection() -> None:
    overlap = np.array([[0.8, 0.6], [0.9, 0.7]])
    assert boxes.hits_of_best(overlap, np.array([0.5, 0.85])).tolist() == [[True, False], [False, True]]
    assert boxes.hits_of_best(np.zeros((1, 0)), np.array([0.5])).tolist() == [[False]]


@pytest.mark.parametrize(
    ("hits", "positives", "area", "at_recalls"),
    [
        ([True, True], 2, 1, 1),
        ([True, False], 2, 0.5, 51 / 101),
        ([False, True], 1, 0.5, 0.5),
        ([True, False, True], 2, 0.5 + 0.5 * 2 / 3, (51 + 50 * 2 / 3) / 101),
        ([False], 3, 0, 0),
        ([], 3, 0, 0),
    ],
)
def test_average_precision_of_known_rankings(hits: list[bool], positives: int, area: float, at_recalls: float) -> None:
    flags = np.array(hits, dtype=bool)
    assert boxes.area_under_envelope(flags, positives)[0] == pytest.approx(area)
    assert boxes.mean_at_101_recalls(flags, positives) == pytest.approx(at_recalls)
