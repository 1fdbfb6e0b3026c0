"""Metrics of unintended bias: does a score of toxicity rank comments well that mention a group of people?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from harness.metrics.registry import Array, NoOptions, Table, metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

HALF = 0.5  # at and above it a comment is toxic, or mentions the group


class SubgroupAucOptions(NoOptions):
    """Which column is compared, which columns of the answers tell the groups, and how areas become one number."""

    column: str
    groups: tuple[str, ...] = Field(min_length=1)
    power: float = Field(default=-5, lt=0)
    binarise: bool = Field(default=False, description="scores become 0 or 1 at a half before anything else")


@metric("subgroup_auc", direction="maximize", takes="table", options=SubgroupAucOptions)
def subgroup_auc(
    truth: Table, prediction: Table, column: str, groups: Any, power: float = -5, binarise: bool = False
) -> float:
    """Mean of four areas under the ROC curve: over all rows, and three power means over the groups; 0 to 1.

    For each group: the area among its rows; that of its negatives against the others' positives (BPSN); that of its
    positives against the others' negatives (BNSP). The power mean leans towards the worst group. Columns of groups may
    have gaps: not mentioned. Source: Borkan et al. 2019, Kaggle's Jigsaw Unintended Bias.
    """
    import numpy as np

    toxic = _numbers(truth[column]) >= HALF
    score = _numbers(prediction[column])
    score = (score >= HALF).astype(float) if binarise else score
    areas = []
    for name in groups:
        inside = _numbers(truth[name]) >= HALF
        chosen = (inside, inside != toxic, inside == toxic)
        areas.append([_area(toxic[rows], score[rows], name) for rows in chosen])
    means = _power_mean(np.array(areas), power)
    return float((_area(toxic, score, "all rows") + means.sum()) / 4)


def _area(toxic: Flags, score: Array, name: str) -> float:
    from sklearn.metrics import roc_auc_score

    if toxic.all() or not toxic.any():
        raise ValueError(f"{name}: the area under the ROC curve needs both classes in the truth")
    return float(roc_auc_score(toxic, score))


def _power_mean(areas: Array, power: float) -> Array:
    """Return the mean of each column; 0 where one of its values is, the limit of a negative power."""
    import numpy as np

    with np.errstate(divide="ignore"):
        means: Array = np.mean(areas**power, axis=0) ** (1 / power)
    return means


def _numbers(values: Array) -> Array:
    """Return numbers; gaps, which only text columns have, count as 0."""
    import numpy as np

    if values.dtype.kind in "fiub":
        return values.astype(float)
    return np.array([float(value) if value else 0.0 for value in values])
