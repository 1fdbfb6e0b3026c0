"""Metrics of segmentation: run-length coded masks against the true ones, an image a row.

Masks are compared by their runs (`rle.py`). A metric takes tables and is told which column holds the masks; the sizes
of the images are columns of the answers or constants. A run beyond its image makes the submission invalid: no
declaration of a column can tell, since images differ in size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from harness.errors import InvalidSubmission
from harness.grading.csvfile import shown
from harness.metrics import rle
from harness.metrics.registry import Array, NoOptions, Table, metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Size = str | int  # a column of the answers, or the same for all images


class MaskOptions(NoOptions):
    """Where the masks and the sizes of the images are."""

    mask: str = Field(description="the column of the coded masks")
    width: Size
    height: Size


class Areas(NamedTuple):
    """Pixels of each image's two masks, and how many they share."""

    truth: Numbers
    prediction: Numbers
    shared: Numbers


@metric("mean_dice", direction="maximize", takes="table", options=MaskOptions)
def mean_dice(truth: Table, prediction: Table, mask: str, width: Size, height: Size) -> float:
    """Mean over images of the Dice coefficient 2·|A∩B| / (|A|+|B|); 0 to 1. Two empty masks count 1.

    Source: Dice 1945.
    """
    import numpy as np

    return float(np.mean(_dice(_areas(truth, prediction, mask, width, height), both_empty=1)))


@metric("global_dice", direction="maximize", takes="table", options=MaskOptions)
def global_dice(truth: Table, prediction: Table, mask: str, width: Size, height: Size) -> float:
    """Dice coefficient of all images' pixels pooled; 0 to 1, and 1 where nothing is true and nothing predicted."""
    areas = _areas(truth, prediction, mask, width, height)
    both = areas.truth.sum() + areas.prediction.sum()
    return float(2 * areas.shared.sum() / both) if both else 1.0


class PixelFBetaOptions(MaskOptions):
    """How much more recall counts than precision."""

    beta: float = Field(default=1, gt=0)


@metric("pixel_fbeta", direction="maximize", takes="table", options=PixelFBetaOptions)
def pixel_fbeta(truth: Table, prediction: Table, mask: str, width: Size, height: Size, beta: float = 1) -> float:
    """Mean over images of F-beta of their pixels; 0 to 1, 0 where neither mask has a pixel.

    A beta below 1 favours precision. Source: scikit-learn fbeta_score.
    """
    import numpy as np

    areas = _areas(truth, prediction, mask, width, height)
    both = beta**2 * areas.truth + areas.prediction
    return float(np.mean(np.divide((1 + beta**2) * areas.shared, both, out=np.zeros_like(both), where=both > 0)))


class MaskPrecisionOptions(MaskOptions):
    """What an empty prediction means."""

    empty_is_full: bool = Field(default=False, description="it counts as every pixel where the truth has some")


@metric("mask_precision", direction="maximize", takes="table", options=MaskPrecisionOptions)
def mask_precision(
    truth: Table, prediction: Table, mask: str, width: Size, height: Size, empty_is_full: bool = False
) -> float:
    """Mean over images and the IoU thresholds 0.5, 0.55, … 0.95 of precision, a mask being one object; 0 to 1.

    An image scores the share of thresholds below its IoU. Two empty masks score 1, an empty one against another 0.
    """
    import numpy as np

    areas = _areas(truth, prediction, mask, width, height)
    predicted, shared = areas.prediction, areas.shared
    if empty_is_full:
        full = (predicted == 0) & (areas.truth > 0)
        predicted = np.where(full, _sizes(truth, width, height), predicted)
        shared = np.where(full, areas.truth, shared)
    union = areas.truth + predicted - shared
    iou = np.divide(shared, union, out=np.ones_like(union), where=union > 0)
    return float(np.mean(iou[:, None] > np.arange(0.5, 1.0, 0.05)))  # with that very rounding of the thresholds


class _Volume(NamedTuple):
    """The rows that make up a volume, and the number of the slice of each."""

    rows: Array
    slices: Array


class DiceAndHausdorffOptions(MaskOptions):
    """How slices make a volume, and what each part weighs."""

    slice_id: str = Field(description="the column that names a slice; all masks of one slice are taken together")
    volume_pattern: str = Field(description="its first group, at the start of a slice's id, names the volume")
    dice_weight: float = Field(default=0.4, ge=0, le=1)
    by_position: bool = Field(default=False, description="the prediction's rows stand as they were handed in")


@metric("dice_and_hausdorff", direction="maximize", takes="table", options=DiceAndHausdorffOptions)
def dice_and_hausdorff(
    truth: Table,
    prediction: Table,
    mask: str,
    width: Size,
    height: Size,
    slice_id: str,
    volume_pattern: str,
    dice_weight: float = 0.4,
    by_position: bool = False,
) -> float:
    """Weighted sum of the mean Dice coefficient of masks and 1 - mean Hausdorff distance of volumes; 0 to 1.

    The distance is the larger directed one, in coordinates divided by the volume's sizes, over the diagonal of the unit
    cube; 1 where one side is empty or the prediction has over ten times the true voxels. Pairs that are both empty are
    left out of both means. Masks are coded down the columns. Source: Hausdorff 1914; weights of UW-Madison GI Tract.

    With `by_position`, which follows a program that does so, Dice coefficients compare rows at the same place, whatever
    their ids, and only pixels within the true image; volumes are made up by ids all the same.
    """
    import numpy as np

    dice = _dice(_areas(truth, prediction, mask, width, height, cut=by_position), both_empty=np.nan)
    widths, heights = _column(truth, width), _column(truth, height)
    predicted, distances = _volumes(prediction[slice_id], volume_pattern), []
    for name, volume in _volumes(truth[slice_id], volume_pattern).items():
        shape = (int(volume.slices.max()) + 1, int(widths[volume.rows[0]]), int(heights[volume.rows[0]]))
        found = _voxels(prediction[mask], predicted[name], shape)
        distances.append(hausdorff(_voxels(truth[mask], volume, shape), found, shape))
    return float(dice_weight * np.nanmean(dice) + (1 - dice_weight) * (1 - np.nanmean(distances)))


def hausdorff(truth: Array, prediction: Array, shape: tuple[int, ...]) -> float:
    """Return the Hausdorff distance of two sorted sets of voxel numbers in a volume, over its diagonal; see above."""
    import numpy as np

    if not len(truth) and not len(prediction):
        return float("nan")
    if not len(truth) or not len(prediction) or len(prediction) > 10 * len(truth):
        return 1.0
    largest = max(_farthest(truth, prediction, shape), _farthest(prediction, truth, shape))
    return float(largest / np.sqrt(len(shape)))


def _farthest(points: Array, others: Array, shape: tuple[int, ...]) -> float:
    """Return the largest distance of a point to the nearest of the others.

    Distances are taken in the smallest box that holds both, in a time that depends on its size alone.
    """
    import numpy as np
    from scipy.ndimage import distance_transform_edt

    lone = np.setdiff1d(points, others, assume_unique=True)
    if not len(lone):
        return 0.0
    here, there = (np.stack(np.unravel_index(some, shape)) for some in (lone, others))
    low = np.minimum(here.min(axis=1), there.min(axis=1))[:, None]
    outside = np.ones(1 + np.maximum(here.max(axis=1), there.max(axis=1)) - low[:, 0], dtype=bool)
    outside[tuple(there - low)] = False
    distances = distance_transform_edt(outside, sampling=1 / np.array(shape))
    return float(distances[tuple(here - low)].max())


def _volumes(slice_ids: Array, pattern: str) -> dict[str, _Volume]:
    """Return the volumes that the rows make up, by name."""
    import numpy as np
    import pandas as pd

    ids = pd.Series(slice_ids, dtype="str")
    names = ids.str.extract(f"^(?:{pattern})", expand=False)
    found = {}
    for name, rows in names.groupby(names).indices.items():
        places = np.asarray(rows)
        numbers = np.unique(ids.to_numpy(dtype=object)[places].astype(str), return_inverse=True)[1]
        found[str(name)] = _Volume(places, numbers)
    return found


def _voxels(masks: Array, volume: _Volume, shape: tuple[int, int, int]) -> Array:
    """Return the numbers of the voxels that any of the masks covers."""
    import numpy as np

    size = shape[1] * shape[2]
    slices = zip(masks[volume.rows], volume.slices, strict=True)
    return np.unique(np.concatenate([rle.pixels(_parsed(mask, size)) + size * number for mask, number in slices]))


def _dice(areas: Areas, both_empty: float) -> Numbers:
    import numpy as np

    both = areas.truth + areas.prediction
    return np.divide(2 * areas.shared, both, out=np.full_like(both, both_empty), where=both > 0)


def _areas(truth: Table, prediction: Table, mask: str, width: Size, height: Size, *, cut: bool = False) -> Areas:
    """Compare the two masks of each row; with `cut`, pixels beyond the image are left out instead of refused."""
    import numpy as np

    sizes = _sizes(truth, width, height)
    counted = np.empty((3, len(sizes)))
    for row, (true, predicted, size) in enumerate(zip(truth[mask], prediction[mask], sizes, strict=True)):
        right = rle.parse(true)
        found = _parsed(predicted, None if cut else int(size))
        area = rle.overlap(found, rle.parse(f"1 {size}")) if cut else found.area
        counted[:, row] = right.area, area, rle.overlap(right, found)
    return Areas(*counted)


def _parsed(predicted: str, size: int | None) -> rle.Runs:
    try:
        return rle.parse(predicted, size)
    except ValueError as error:
        raise InvalidSubmission(f"the mask {shown(predicted)} does not fit its image: {error}") from None


def _sizes(truth: Table, width: Size, height: Size) -> Array:
    return _column(truth, width) * _column(truth, height)


def _column(table: Table, size: Size) -> Array:
    import numpy as np

    if isinstance(size, str):
        return np.asarray(table[size], dtype=np.int64)
    return np.full(len(next(iter(table.values()))), size)
