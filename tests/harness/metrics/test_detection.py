"""Known values of the metrics of detection, and what they do not depend on."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import get_metric

TRUTH = ["0 1 0 0 10 10 1 1 20 20 30 30", "0 1 0 0 10 10", "2 1 5 5 9 9"]
GUESS = ["0 0.9 0 0 10 9 1 0.5 20 20 30 30 1 0.8 50 50 60 60", "0 0.3 0 0 4 4", "0 0.95 5 5 9 9 2 0.1 5 5 9 9"]
SPACE = ["1 0 0 0 2 4 1.5 0 car 1 9 9 0 2 4 1.5 1 car", "1 0 0 0 2 4 1.5 0 bus"]


def table(column: list[str], name: str = "PredictionString") -> dict[str, np.ndarray]:
    ids = [f"image {row}" for row in range(len(column))]
    return {"id": np.array(ids, dtype=object), name: np.array(column, dtype=object)}


def score(name: str, truth: list[str], prediction: list[str], **options: object) -> float:
    options |= {"image": "id"} if name == "coco_map" else {}
    return get_metric(name).score(table(truth), table(prediction), options)


@pytest.mark.parametrize("name", ["coco_map", "ranked_map", "voc_map", "upright_box_map"])
def test_the_truth_scores_one_and_row_order_does_not_matter(name: str) -> None:
    truth = SPACE if name == "upright_box_map" else TRUTH
    guess = ["0.7 0 0 0 2 4 1.4 0 car", "0.2 0 0 0 2 3 1.5 0.1 bus"] if name == "upright_box_map" else GUESS
    options = {"image": "id"} if name == "coco_map" else {}
    assert score(name, truth, truth) == pytest.approx(1)
    found = score(name, truth, guess)
    assert 0 < found < 1
    order = np.arange(len(truth))[::-1]
    turned = [{key: column[order] for key, column in table(rows).items()} for rows in (truth, guess)]
    assert get_metric(name).score(*turned, options) == pytest.approx(found)


@pytest.mark.parametrize("name", ["coco_map", "voc_map", "upright_box_map"])
def test_predicting_nothing_scores_nothing(name: str) -> None:
    truth = SPACE if name == "upright_box_map" else TRUTH
    assert score(name, truth, [""] * len(truth)) == 0


def test_average_precisions_differ_in_how_recall_is_sampled() -> None:
    # label 0: a miss at 0.95, a hit at 0.9, a miss at 0.3, of two; label 1: a miss before the hit; label 2: right
    assert score("voc_map", TRUTH, GUESS) == pytest.approx((0.25 + 0.5 + 1) / 3)
    assert score("coco_map", TRUTH, GUESS) == pytest.approx((0.5 * 51 / 101 + 0.5 + 1) / 3)
    # here the missed box of label 0 counts, as the last of four
    assert score("ranked_map", TRUTH, GUESS) == pytest.approx((0.25 + 0.25 + 0.5 + 1) / 3)


def test_boxes_of_labels_that_are_nowhere_true_cost_nothing() -> None:
    for name in ("coco_map", "voc_map", "ranked_map"):
        assert score(name, TRUTH, [row + " 9 1 0 0 1 1" for row in TRUTH]) == pytest.approx(1)


def test_coco_takes_whole_numbers_in_any_spelling_for_labels() -> None:
    assert score("coco_map", TRUTH, [row.replace("0 1 0 0", "0.0 1 0 0") for row in TRUTH]) == pytest.approx(1)


def test_coco_counts_a_hundred_boxes_of_an_image() -> None:
    misses = " ".join(["0 0.9 50 50 60 60"] * 100)
    assert score("coco_map", ["0 1 0 0 9 9"], [f"{misses} 0 0.1 0 0 9 9"]) == 0


def test_coco_overlap_may_take_corners_for_sizes() -> None:
    truth, guess = ["0 1 10 10 20 20"], ["0 1 14 10 20 20"]
    assert score("coco_map", truth, guess, threshold=0.65) == 0
    assert score("coco_map", truth, guess, threshold=0.65, box="corner and size") == pytest.approx(1)


def test_coco_numbered_from_zero_never_finds_the_first_truth() -> None:
    assert score("coco_map", ["0 1 0 0 9 9", "0 1 0 0 9 9"], ["0 1 0 0 9 9", "0 1 0 0 9 9"], number_from=0) < 0.5
    assert score(
        "coco_map", ["1 1 0 0 9 9", "0 1 0 0 9 9"], ["1 1 0 0 9 9", "0 1 0 0 9 9"], number_from=0
    ) == pytest.approx(0.5)


def test_upright_boxes_are_judged_at_ten_thresholds() -> None:
    # a height of 60 % is an IoU of 0.6: above 0.5 and 0.55 only
    assert score("upright_box_map", ["1 0 0 0 2 4 2 1 car"], ["1 0 0 0 2 4 1.21 1 car"]) == pytest.approx(0.3)


def test_points_must_lie_inside_a_box_of_their_label_and_count_once() -> None:
    def f1(truth: list[str], prediction: list[str]) -> float:
        return get_metric("points_in_boxes_f1").score(table(truth, "labels"), table(prediction, "labels"), {})

    page = ["U+3042 10 10 5 5 U+3044 30 10 5 5", "U+3042 10 10 5 5"]
    assert f1(page, ["U+3044 32 12 U+3042 11 11", "U+3042 12.5 14"]) == 1
    assert f1(page, ["U+3042 32 12 U+3044 11 11", ""]) == 0
    assert f1(page, ["", ""]) == 0
    assert f1(page, ["U+3042 10 12", "U+3042 15 12"]) == 0  # on the edge is outside
    assert f1(page, ["U+3042 11 11 U+3042 12 12", ""]) == pytest.approx(2 / 5)
