"""Metrics of detection: boxes or points with labels, listed as text, an image a row, against the true ones.

Each average precision is that of one evaluation program, with its rules of matching; the parts they share are in
`boxes.py`. That values are numbers, and as many as needed, is for the columns' declarations to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import Field

from harness.metrics import boxes
from harness.metrics.boxes import Items
from harness.metrics.registry import Array, NoOptions, Table, metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COCO_MOST = 100  # detections of one label in one image that count
COCO_LARGEST_AREA = 1e10


class BoxOptions(NoOptions):
    """Which column lists the boxes, as `label score left top right bottom` each, and which overlap is enough."""

    column: str = "PredictionString"
    threshold: float = Field(default=0.5, gt=0, lt=1)


class CocoOptions(BoxOptions):
    """How boxes are read, and which column names the images, whose order decides between equal scores."""

    image: str = Field(description="the id: rows of both tables are brought into its order, whichever they are in")
    box: Literal["corners", "corner and size"] = "corners"
    number_from: Literal[0, 1] = 1


@metric("coco_map", direction="maximize", takes="table", options=CocoOptions)
def coco_map(
    truth: Table,
    prediction: Table,
    image: str,
    column: str = "PredictionString",
    threshold: float = 0.5,
    box: str = "corners",
    number_from: int = 1,
) -> float:
    """Mean over true labels of COCO's average precision at one IoU threshold; 0 to 1.

    In each image the best 100 boxes of a label are taken in order of score, and each finds the free true box that it
    overlaps most, if by the threshold at least; precision's envelope is averaged at 101 recalls. Labels are whole
    numbers. Unmatched boxes of an area below 0 or above 10^10 do not count. Source: pycocotools COCOeval, bbox.

    With `box: corner and size`, right and bottom are taken for width and height. With `number_from: 0` annotations are
    numbered from 0, which COCOeval takes for unmatched: the first true box is never found, and the first predicted one
    leaves its true box free. Both follow programs that do so.
    """
    import numpy as np

    orders = [np.argsort(np.asarray(table[image], dtype=str), kind="stable") for table in (truth, prediction)]
    listed = (np.asarray(table[column])[order] for table, order in zip((truth, prediction), orders, strict=True))
    true, found = (boxes.items(texts, 6, label=0) for texts in listed)
    quirk = _Numbered(number_from == 0, int(orders[1].argmin()))
    tried: dict[object, list[_Tried]] = {}
    for label, row, these, those in boxes.by_row_and_label(_whole(true), _whole(found)):
        tried.setdefault(label, []).append(_coco_image(true, these, found, those, threshold, box, quirk, row))
    scores = [_coco_label(images) for images in tried.values() if sum(one.positives for one in images)]
    return float(np.mean(scores))


class _Numbered(NamedTuple):
    """Whether annotations are numbered from 0, and the image that stands first in the submission."""

    from_zero: bool
    first_row: int


class _Tried(NamedTuple):
    """One label in one image: detections that count, best first, whether each is right, and the number of truths."""

    scores: Floats
    hits: Array
    positives: int


def _coco_image(
    true: Items, these: Array, found: Items, those: Array, threshold: float, box: str, quirk: _Numbered, row: int
) -> _Tried:
    import numpy as np

    those = those[np.argsort(-found.numbers[those, 0], kind="stable")][:COCO_MOST]
    corners = [np.array(part.numbers[chosen, 1:]) for part, chosen in ((found, those), (true, these))]
    area = (corners[0][:, 2:] - corners[0][:, :2]).prod(axis=1)
    if box == "corner and size":
        for part in corners:
            part[:, 2:] += part[:, :2]
    overlap = boxes.iou(*corners)
    first = (those == np.searchsorted(found.rows, row)) & (row == quirk.first_row) & quirk.from_zero
    match = boxes.matches(overlap, overlap >= min(threshold, 1 - 1e-10), last_of_ties=True, never_take=first)
    hits = match >= 0
    if quirk.from_zero and row == 0 and len(these) and these[0] == 0:
        hits &= match != 0
    counts = hits | ((area >= 0) & (area <= COCO_LARGEST_AREA))
    return _Tried(found.numbers[those, 0][counts], hits[counts], len(these))


def _coco_label(images: list[_Tried]) -> float:
    import numpy as np

    scores, hits = (np.concatenate([one[part] for one in images]) for part in (0, 1))
    ordered = hits[np.argsort(-scores, kind="stable")].astype(bool)
    return boxes.mean_at_101_recalls(ordered, sum(one.positives for one in images))


def _whole(found: Items) -> Items:
    """Return the items with labels as whole numbers, so that `7.0` is 7."""
    return found._replace(labels=found.labels.astype(float).astype(int))


@metric("ranked_map", direction="maximize", takes="table", options=BoxOptions)
def ranked_map(truth: Table, prediction: Table, column: str = "PredictionString", threshold: float = 0.5) -> float:
    """Mean over true labels of the average precision of boxes as one ranking of right and wrong; 0 to 1.

    In each image boxes are taken in order of score, and each finds the free true box that it overlaps most, if above
    the threshold. A true box that is not found counts as right with score 0, an image with neither true nor predicted
    box of the label as wrong with score 0. Source: MLE-bench's grader of SIIM-FISABIO-RSNA; the ranking's average
    precision is scikit-learn's.
    """
    import numpy as np
    from sklearn.metrics import average_precision_score

    true, found = (boxes.items(table[column], 6, label=0) for table in (truth, prediction))
    pairs: dict[object, list[tuple[Array, Array]]] = {str(label): [] for label in true.labels}
    seen = dict.fromkeys(pairs, 0)
    for label, _, these, those in boxes.by_row_and_label(true, found):
        if label in pairs:
            those = those[np.argsort(-found.numbers[those, 0], kind="stable")]
            overlap = boxes.iou(found.numbers[those, 1:], true.numbers[these, 1:])
            hits = boxes.matches(overlap, overlap > threshold) >= 0
            missed = len(these) - hits.sum()
            pairs[label].append(
                (np.append(hits, np.ones(missed)), np.append(found.numbers[those, 0], np.zeros(missed)))
            )
            seen[label] += 1
    scores = []
    for label, images in pairs.items():
        nothing = np.zeros(len(truth[column]) - seen[label])
        right, ranked = (np.concatenate([*(image[part] for image in images), nothing]) for part in (0, 1))
        scores.append(average_precision_score(right, ranked))
    return float(np.mean(scores))


@metric("voc_map", direction="maximize", takes="table", options=BoxOptions)
def voc_map(truth: Table, prediction: Table, column: str = "PredictionString", threshold: float = 0.5) -> float:
    """Mean over true labels of PASCAL VOC's average precision; 0 to 1.

    Boxes of a label are taken in order of score over all images; each is right if it is the first to find the true box
    that it overlaps most, above the threshold. Between equal scores the wrong ones come first, so that the order of
    rows does not matter. Source: Everingham et al. 2010, all-point interpolation.
    """
    import numpy as np

    true, found = (boxes.items(table[column], 6, label=0) for table in (truth, prediction))
    tried: dict[object, list[tuple[Array, Array, int]]] = {}
    for label, _, these, those in boxes.by_row_and_label(true, found):
        those = those[np.argsort(-found.numbers[those, 0], kind="stable")]
        overlap = boxes.iou(found.numbers[those, 1:], true.numbers[these, 1:])
        hits = boxes.hits_of_best(overlap, np.array([threshold]))[:, 0]
        tried.setdefault(label, []).append((found.numbers[those, 0], hits, len(these)))
    scores = []
    for images in tried.values():
        confidence, hits = (np.concatenate([image[part] for image in images]) for part in (0, 1))
        positives = sum(image[2] for image in images)
        if positives:
            ordered = hits[np.lexsort((hits, -confidence))].astype(bool)
            scores.append(float(boxes.area_under_envelope(ordered, positives)[0]))
    return float(np.mean(scores))


class UprightBoxOptions(NoOptions):
    """Which column lists the boxes, as `score x y z width length height yaw label` each."""

    column: str = "PredictionString"


@metric("upright_box_map", direction="maximize", takes="table", options=UprightBoxOptions)
def upright_box_map(truth: Table, prediction: Table, column: str = "PredictionString") -> float:
    """Mean over rows and IoU thresholds 0.5, 0.55, … 0.95 of the mean average precision of the row's labels; 0 to 1.

    Boxes stand upright in space. Each row is judged alone: of each label that it truly has, boxes are taken in order
    of score, and each is right if it is the first to find the true box that it overlaps most. Boxes of other labels
    cost nothing. Source: the evaluation of Lyft's development kit.
    """
    import numpy as np

    thresholds = np.array([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])
    true, found = (boxes.items(table[column], 9, label=8) for table in (truth, prediction))
    total, labels = np.zeros((len(truth[column]), len(thresholds))), np.zeros((len(truth[column]), 1))
    for _, row, these, those in boxes.by_row_and_label(true, found):
        if len(these):
            labels[row] += 1
            those = those[np.argsort(-found.numbers[those, 0], kind="stable")]
            overlap = boxes.iou_upright(found.numbers[those, 1:], true.numbers[these, 1:])
            total[row] += boxes.area_under_envelope(boxes.hits_of_best(overlap, thresholds), len(these))
    return float(np.mean(total / labels))


class PointOptions(NoOptions):
    """Which column lists the points, as `label x y` each; its truth lists `label left top width height`."""

    column: str = "labels"


@metric("points_in_boxes_f1", direction="maximize", takes="table", options=PointOptions)
def points_in_boxes_f1(truth: Table, prediction: Table, column: str = "labels") -> float:
    """F1 over all rows of points that lie in true boxes of their label; 0 to 1, and 0 where nothing is right.

    The true boxes of a row, in their order, each find the first free point inside them, edges excluded, that has their
    label. Source: the competition Kuzushiji Recognition.
    """
    import numpy as np

    true, found = boxes.items(truth[column], 5, label=0), boxes.items(prediction[column], 3, label=0)
    right = 0
    for _, _, these, those in boxes.by_row_and_label(true, found):
        corner, point = true.numbers[these, None, :2], found.numbers[None, those]
        inside = np.all((corner < point) & (point < corner + true.numbers[these, None, 2:]), axis=2)
        free = np.ones(len(those), dtype=bool)
        for number in np.flatnonzero(inside.any(axis=1)):
            possible = inside[number] & free
            right += bool(possible.any())
            free[possible.argmax()] &= not possible.any()
    return 2 * right / (len(true.rows) + len(found.rows)) if right else 0.0
