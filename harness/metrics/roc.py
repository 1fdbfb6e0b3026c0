"""Areas under parts of the ROC curve that count differently; the plain area is `roc_auc` of classification.py."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from harness.metrics.registry import Array, NoOptions, metric


class WeightedRocAucOptions(NoOptions):
    """Bands of the true positive rate, from edge to edge, and what each counts."""

    edges: tuple[float, ...] = Field(min_length=2)
    weights: tuple[float, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _bands_fit(self) -> WeightedRocAucOptions:
        if len(self.weights) != len(self.edges) - 1 or list(self.edges) != sorted(set(self.edges)):
            raise ValueError("expected rising edges, and one weight for each band between two of them")
        return self


@metric("weighted_roc_auc", direction="maximize", takes="numbers", options=WeightedRocAucOptions)
def weighted_roc_auc(truth: Array, prediction: Array, edges: Any, weights: Any) -> float:
    """Area under the ROC curve, each band of the true positive rate with its weight; 0 to 1.

    The weighted sum of the bands' areas is divided by that of a perfect curve. With one band it is the plain area; ties
    count half. A truth of one class only is a ValueError. Source: Kaggle's ALASKA2 (bands 0-0.4 twice, 0.4-1 once).
    """
    from itertools import pairwise

    import numpy as np
    from sklearn.metrics import roc_curve

    if len(np.unique(truth)) != 2:
        raise ValueError("the area under the ROC curve needs both classes in the truth")
    false_rate, true_rate, _ = roc_curve(truth, prediction)
    inner = [edge for edge in edges if true_rate[0] < edge < true_rate[-1] and edge not in true_rate]
    places = np.searchsorted(true_rate, inner)
    false_rate = np.insert(false_rate, places, np.interp(inner, true_rate, false_rate))
    true_rate = np.insert(true_rate, places, inner)
    bands = [np.trapezoid(np.clip(true_rate, low, high) - low, false_rate) for low, high in pairwise(edges)]
    return float(np.dot(bands, weights) / np.dot(np.diff(edges), weights))
