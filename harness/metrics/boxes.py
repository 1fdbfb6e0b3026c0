"""Boxes and points: how they are read, how far boxes overlap, how detections find truths, and what that is worth.

These are the parts that metrics of detection (`detection.py`) are made of; competitions differ in the details of
matching and of average precision, so each detail has a name here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from harness.metrics.registry import Array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


class Items(NamedTuple):
    """What the rows of a column list: the row that each item stands in, its label, and its other values."""

    rows: Array
    labels: Array
    numbers: Floats

    def where(self, chosen: Array) -> Items:
        """Return some of the items, by flags or by their numbers."""
        return Items(self.rows[chosen], self.labels[chosen], self.numbers[chosen])


def items(texts: Iterable[str], group: int, label: int) -> Items:
    """Read `group` values an item, separated by spaces; the one at the place `label` is text, the others numbers."""
    import numpy as np

    split = [text.split() for text in texts]
    counts = [len(values) // group for values in split]
    if any(len(values) % group for values in split):
        raise ValueError(f"expected {group} values an item, separated by spaces")
    table = np.array([value for values in split for value in values], dtype=object).reshape(-1, group)
    return Items(np.repeat(np.arange(len(split)), counts), table[:, label], np.delete(table, label, 1).astype(float))


def by_row_and_label(truth: Items, found: Items) -> Iterator[tuple[object, int, Array, Array]]:
    """Yield each label and row that has any item, with the numbers of its true and its found items, in their order."""
    import numpy as np

    labels, codes = np.unique(np.concatenate([truth.labels, found.labels]).astype(str), return_inverse=True)
    rows = np.concatenate([truth.rows, found.rows])
    order = np.lexsort((rows, codes))
    keys = np.stack([codes[order], rows[order]])
    starts = np.flatnonzero((np.diff(keys, prepend=-1) != 0).any(axis=0))
    for start, together in zip(starts, np.split(order, starts[1:]), strict=False):
        true = together[together < len(truth.rows)]
        yield labels[keys[0, start]], int(keys[1, start]), true, together[len(true) :] - len(truth.rows)


def iou(first: Floats, second: Floats) -> Floats:
    """Return the intersection over union of each with each: boxes (n, 4) and (m, 4) as left, top, right, bottom.

    0 where the union has no area.
    """
    import numpy as np

    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    sizes = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    union = sizes[0][:, None] + sizes[1][None, :] - shared
    ratio: Floats = np.divide(shared, union, out=np.zeros_like(union), where=union > 0)
    return ratio


def iou_upright(first: Floats, second: Floats) -> Floats:
    """Return the same for upright boxes in space, (n, 7): centre x, y, z, width, length, height, and yaw in radians.

    The length lies along the direction of the yaw, from the x axis towards the y axis.
    """
    import numpy as np

    low = np.maximum(*np.ix_(*(boxes[:, 2] - boxes[:, 5] / 2 for boxes in (first, second))))
    high = np.minimum(*np.ix_(*(boxes[:, 2] + boxes[:, 5] / 2 for boxes in (first, second))))
    distance = np.hypot(*(first[:, None, :2] - second[None, :, :2]).transpose(2, 0, 1))
    reach = np.add.outer(*(np.hypot(boxes[:, 3], boxes[:, 4]) / 2 for boxes in (first, second)))
    near = np.nonzero((high > low) & (distance < reach))
    shared = np.zeros(distance.shape)
    shared[near] = overlap_of_rectangles(first[near[0]], second[near[1]]) * (high - low)[near]
    volumes = [boxes[:, 3:6].prod(axis=1) for boxes in (first, second)]
    ratio: Floats = np.clip(shared / (volumes[0][:, None] + volumes[1][None, :] - shared), 0, 1)
    return ratio


def overlap_of_rectangles(first: Floats, second: Floats) -> Floats:
    """Return the shared area of each pair of turned rectangles, the ground planes of boxes as `iou_upright` takes them.

    The shared polygon's corners are those of one rectangle inside the other and the crossings of their sides.
    """
    import numpy as np

    middle = second[:, None, :2]  # near the origin less is lost to rounding
    corners = [_corners(boxes) - middle for boxes in (first, second)]
    inside = [_inside(corners[0], second, second), _inside(corners[1], first, second)]
    crossings, cross = _crossings(*corners)
    points = np.concatenate([*corners, crossings], axis=1)
    valid = np.concatenate([*inside, cross], axis=1)
    chosen = np.take_along_axis(points, valid.argmax(axis=1)[:, None, None], axis=1)
    points = np.where(valid[..., None], points, chosen)  # what is no corner becomes one of them once more
    around = points - points.mean(axis=1, keepdims=True)
    order = np.argsort(np.arctan2(around[..., 1], around[..., 0]), axis=1)
    x, y = np.take_along_axis(around, order[..., None], axis=1).transpose(2, 0, 1)
    area = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    return np.where(valid.sum(axis=1) > 2, area, 0)


def matches(overlap: Floats, enough: Flags, *, last_of_ties: bool = False, never_take: Array | None = None) -> Array:
    """Return for each detection, best first, the truth that it finds, or -1: the best that is enough and still free.

    `overlap` and `enough` are (detections, truths). A detection that `never_take`s leaves its truth free.
    """
    import numpy as np

    free = np.ones(overlap.shape[1], dtype=bool)
    found = np.full(len(overlap), -1)
    for number in np.flatnonzero(enough.any(axis=1)):
        possible = np.where(enough[number] & free, overlap[number], -1)
        best = len(free) - 1 - possible[::-1].argmax() if last_of_ties else possible.argmax()
        if possible[best] >= 0:
            found[number] = best
            free[best] = never_take is not None and bool(never_take[number])
    return found


def hits_of_best(overlap: Floats, thresholds: Floats) -> Flags:
    """Return (detections, thresholds): is the detection, best first, the first to find the truth that it overlaps most?

    Only that truth counts for it, even if another was found before; an overlap must be above the threshold.
    """
    import numpy as np

    hits = np.zeros((len(overlap), len(thresholds)), dtype=bool)
    if overlap.shape[1]:
        free = np.ones((overlap.shape[1], len(thresholds)), dtype=bool)
        for number, best in enumerate(overlap.argmax(axis=1)):
            hits[number] = (overlap[number, best] > thresholds) & free[best]
            free[best] &= ~hits[number]
    return hits


def area_under_envelope(hits: Flags, positives: int) -> Floats:
    """Return the average precision of detections, best first: the area under precision's envelope over recall.

    `hits` may have a second axis, of thresholds. Source: PASCAL VOC since 2010.
    """
    import numpy as np

    hits = hits if hits.ndim == 2 else hits[:, None]
    right = np.cumsum(hits, axis=0)
    precision = right / np.arange(1, len(hits) + 1)[:, None]
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    areas: Floats = (envelope * np.diff(right / positives, axis=0, prepend=0)).sum(axis=0)
    return areas


def mean_at_101_recalls(hits: Flags, positives: int) -> float:
    """Return the average precision of detections, best first: the envelope's mean at recalls 0, 0.01, … 1.

    Source: COCO's evaluation.
    """
    import numpy as np

    right = np.cumsum(hits)
    precision = right / (np.arange(1, len(hits) + 1) + np.spacing(1))
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0)
    return float(envelope[np.searchsorted(right / positives, np.linspace(0, 1, 101), side="left")].mean())


def _corners(boxes: Floats) -> Floats:
    """Return the four corners of each rectangle (n, 4, 2), one after the other around it."""
    import numpy as np

    along = np.stack([np.cos(boxes[:, 6]), np.sin(boxes[:, 6])], axis=1) * boxes[:, 4:5] / 2
    across = np.stack([-np.sin(boxes[:, 6]), np.cos(boxes[:, 6])], axis=1) * boxes[:, 3:4] / 2
    corners = [along + across, across - along, -along - across, along - across]
    return boxes[:, None, :2] + np.stack(corners, axis=1)


def _inside(points: Floats, boxes: Floats, origins: Floats) -> Flags:
    """Tell which points, given relative to the origins' centres, lie in the rectangles or on their rim."""
    import numpy as np

    around = points + (origins[:, None, :2] - boxes[:, None, :2])
    cos, sin = np.cos(boxes[:, 6:7]), np.sin(boxes[:, 6:7])
    along, across = (around[..., 0] * cos + around[..., 1] * sin, around[..., 1] * cos - around[..., 0] * sin)
    rim = 1e-9 * (boxes[:, 3:4] + boxes[:, 4:5])
    inside: Flags = (np.abs(along) <= boxes[:, 4:5] / 2 + rim) & (np.abs(across) <= boxes[:, 3:4] / 2 + rim)
    return inside


def _crossings(first: Floats, second: Floats) -> tuple[Floats, Flags]:
    """Return where each side of one rectangle crosses each of the other's (n, 16, 2), and whether it does."""
    import numpy as np

    start, other = np.repeat(first, 4, axis=1), np.tile(second, (1, 4, 1))
    side = np.repeat(np.roll(first, -1, axis=1) - first, 4, axis=1)
    across = np.tile(np.roll(second, -1, axis=1) - second, (1, 4, 1))
    turn = _cross(side, across)
    parallel = np.abs(turn) < 1e-12 * np.hypot(*side.transpose(2, 0, 1)) * np.hypot(*across.transpose(2, 0, 1))
    turn = np.where(parallel, 1, turn)
    t, u = _cross(other - start, across) / turn, _cross(other - start, side) / turn
    return start + t[..., None] * side, ~parallel & (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1)


def _cross(first: Floats, second: Floats) -> Floats:
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
