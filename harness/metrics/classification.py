"""Metrics of classes: hard labels, or scores and probabilities of classes.

Labels are compared as they are (booleans, integers or text); probabilities are not renormalised unless a docstring says
so. What scikit-learn defines is computed by scikit-learn, but for the area under the ROC curve: it takes longer there.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.metrics.registry import Array, NoOptions, metric


@metric("accuracy", direction="maximize", takes="anything")
def accuracy(truth: Array, prediction: Array) -> float:
    """Share of rows whose label is right; 0 to 1."""
    import numpy as np

    return float(np.mean(truth == prediction))


@metric("balanced_accuracy", direction="maximize", takes="labels")
def balanced_accuracy(truth: Array, prediction: Array) -> float:
    """Mean over the true classes of the share found (macro recall); 0 to 1. Source: Brodersen et al. 2010."""
    import numpy as np
    from sklearn.metrics import recall_score

    # over the labels of the truth: what balanced_accuracy_score computes, without its warning about other labels
    return float(recall_score(truth, prediction, labels=np.unique(truth), average="macro", zero_division=0))


class RocAucOptions(NoOptions):
    """How several columns become one number."""

    average: Literal["macro", "micro"] = "macro"
    unscored: int | None = Field(default=None, description="a row with this in any column of its truth does not count")


@metric("roc_auc", direction="maximize", takes="numbers", options=RocAucOptions)
def roc_auc(truth: Array, prediction: Array, average: str = "macro", unscored: int | None = None) -> float:
    """Area under the ROC curve of a score for the positive class; 0 to 1, 0.5 at chance, ties count half.

    Several columns: the mean of the columns' areas (macro), or the area over all cells pooled (micro). A column whose
    truth has one class only has no area: ValueError. The area is that of scikit-learn's roc_auc_score.
    """
    import numpy as np

    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if unscored is not None:
        scored = (truth != unscored).reshape(len(truth), -1).all(axis=1)
        truth, prediction = truth[scored], prediction[scored]
    columns = [(truth, prediction)] if truth.ndim == 1 else list(zip(truth.T, prediction.T, strict=True))
    if average == "micro":
        columns = [(truth.ravel(), prediction.ravel())]
    return float(np.mean([_area(column, score) for column, score in columns]))


def _area(truth: Array, score: Array) -> float:
    """Return the share of pairs of both classes whose scores are in the right order, equal ones counting half.

    Counted in whole numbers, so exact; scikit-learn's sum over the curve is the same to rounding, and takes longer.
    """
    import numpy as np

    positive, negative = truth == truth.max(), truth == truth.min()
    if not (positive ^ negative).all():
        raise ValueError("the area under the ROC curve needs both classes in the truth")
    high, low = np.sort(score[positive]), np.sort(score[negative])
    below = int(np.searchsorted(low, high, side="left").sum()) + int(np.searchsorted(low, high, side="right").sum())
    return below / (2 * len(high) * len(low))


class LogLossOptions(NoOptions):
    """Where probabilities are cut off, and whether rows are made to sum to one first."""

    clip: float = Field(default=1e-15, gt=0, lt=0.5)
    normalize: bool = True


@metric("log_loss", direction="minimize", takes="numbers", domain=(0, 1), options=LogLossOptions)
def log_loss(truth: Array, prediction: Array, clip: float = 1e-15, normalize: bool = True) -> float:
    """Mean negative log-likelihood; from 0, unbounded but by `clip`.

    One column: truth 0/1 (or False/True), prediction the probability of 1. Several: truth one-hot, prediction a
    probability a class, rows divided by their sum when `normalize`. Source: Kaggle's LogLoss; scikit-learn's log_loss
    differs by clipping at the float type's epsilon.
    """
    import numpy as np

    hot, chance = np.asarray(truth), np.asarray(prediction, dtype=float)
    several = hot.ndim > 1
    if not several:
        hot, chance = np.column_stack([1 - hot, hot]), np.column_stack([1 - chance, chance])
    classes, rows = np.nonzero(hot.T)  # only what is hot counts, one cell a row
    picked = chance[rows, classes]
    if several and normalize:
        total = chance.sum(axis=1)[rows]
        picked = np.divide(picked, total, out=np.full_like(picked, 1 / chance.shape[1]), where=total > 0)
    losses = hot[rows, classes] * -np.log(np.clip(picked, clip, 1 - clip))
    return float(np.bincount(rows, losses, minlength=len(hot)).mean())


@metric("balanced_log_loss", direction="minimize", takes="numbers", domain=(0, 1))
def balanced_log_loss(truth: Array, prediction: Array) -> float:
    """Mean over the classes of the mean negative log-likelihood of their rows; from 0, at most some 34.5.

    Truth one-hot, prediction a probability a class: rows are divided by their sum (a row of zeros becomes equal
    chances), then cut to 1e-15 … 1 - 1e-15. A class without a row counts nothing.
    Source: the evaluation of Kaggle's icr-identify-age-related-conditions.
    """
    import numpy as np

    hot, chance = np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float)
    total = chance.sum(axis=1, keepdims=True)
    chance = np.divide(chance, total, out=np.full_like(chance, 1 / chance.shape[1]), where=total > 0)
    rows = hot.sum(axis=0)
    losses = -(hot * np.log(np.clip(chance, 1e-15, 1 - 1e-15))).sum(axis=0)
    return float(np.mean(losses[rows > 0] / rows[rows > 0]))


class F1Options(NoOptions):
    """How the classes' scores become one number."""

    average: Literal["binary", "macro", "micro"] = "binary"


@metric("f1", direction="maximize", takes="labels", options=F1Options)
def f1(truth: Array, prediction: Array, average: str = "binary") -> float:
    """Harmonic mean of precision and recall; 0 to 1, and 0 where neither is defined.

    binary: of the positive class (1 or True); macro: mean over the classes of truth or prediction; micro: over all
    decisions pooled, which is accuracy for one label a row. Source: scikit-learn f1_score.
    """
    from sklearn.metrics import f1_score

    return float(f1_score(truth, prediction, average=average, zero_division=0))


@metric("quadratic_weighted_kappa", direction="maximize", takes="labels")
def quadratic_weighted_kappa(truth: Array, prediction: Array) -> float:
    """Agreement of ordered integer labels beyond chance, errors weighted by squared distance; -1 to 1.

    1 when both are the same single label throughout, where the formula is 0/0. Source: Cohen 1968. With weights
    (i - j)² the sums over the table of labels are moments: the observed disagreement is mean((t - p)²), the expected
    one var(t) + var(p) + (mean(t) - mean(p))²; labels that never occur change nothing.
    """
    import numpy as np

    truth, prediction = np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float)
    expected = truth.var() + prediction.var() + (truth.mean() - prediction.mean()) ** 2
    return float(1 - np.mean((truth - prediction) ** 2) / expected) if expected > 0 else 1.0


@metric("mcc", direction="maximize", takes="labels")
def mcc(truth: Array, prediction: Array) -> float:
    """Matthews correlation of labels; -1 to 1, and 0 where either side is constant. Source: Matthews 1975."""
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(truth, prediction))
