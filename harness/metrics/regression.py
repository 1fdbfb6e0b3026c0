"""Metrics of numbers: how far predictions lie from the truth.

Several columns are averaged, each column counting the same, unless a docstring says otherwise.
"""

from __future__ import annotations

import math

from pydantic import Field

from harness.metrics.registry import Array, NoOptions, Table, metric


@metric("mse", direction="minimize", takes="numbers")
def mse(truth: Array, prediction: Array) -> float:
    """Mean squared error; from 0. Source: scikit-learn mean_squared_error."""
    from sklearn.metrics import mean_squared_error

    return float(mean_squared_error(truth, prediction))


@metric("rmse", direction="minimize", takes="numbers")
def rmse(truth: Array, prediction: Array) -> float:
    """Root of the mean squared error, the mean of the columns' roots; from 0, in the target's unit."""
    import numpy as np

    errors = np.asarray(truth, dtype=float) - np.asarray(prediction, dtype=float)
    return float(np.mean(np.sqrt(np.mean(np.square(errors, out=errors), axis=0))))


@metric("rmsle", direction="minimize", takes="numbers", domain=(math.nextafter(-1, 0), math.inf))
def rmsle(truth: Array, prediction: Array) -> float:
    """Root mean squared error of log(1 + value), the mean over columns; from 0. Values must lie above -1."""
    import numpy as np

    return rmse(np.log1p(np.asarray(truth, dtype=float)), np.log1p(np.asarray(prediction, dtype=float)))


@metric("rmse_of_logs", direction="minimize", takes="numbers", domain=(math.nextafter(0, 1), math.inf))
def rmse_of_logs(truth: Array, prediction: Array) -> float:
    """Root mean squared error of log(value), the mean over columns; from 0. Values must lie above 0."""
    import numpy as np

    return rmse(np.log(np.asarray(truth, dtype=float)), np.log(np.asarray(prediction, dtype=float)))


class MaeOptions(NoOptions):
    """How the score is stated."""

    whole: bool = Field(default=False, description="rounded to a whole number, halves to the even one")


@metric("mae", direction="minimize", takes="numbers", options=MaeOptions)
def mae(truth: Array, prediction: Array, whole: bool = False) -> float:
    """Mean absolute error; from 0, in the target's unit. Source: scikit-learn mean_absolute_error."""
    from sklearn.metrics import mean_absolute_error

    error = float(mean_absolute_error(truth, prediction))
    return float(round(error)) if whole else error


@metric("median_absolute_error", direction="minimize", takes="numbers")
def median_absolute_error(truth: Array, prediction: Array) -> float:
    """Median of the absolute errors, which outliers do not move; from 0. Source: scikit-learn."""
    from sklearn.metrics import median_absolute_error as median

    return float(median(truth, prediction))


@metric("r2", direction="maximize", takes="numbers")
def r2(truth: Array, prediction: Array) -> float:
    """Share of variance explained; 1 at best, 0 for the mean, below for worse. Source: scikit-learn r2_score.

    A constant truth scores 1 when met exactly, else 0.
    """
    from sklearn.metrics import r2_score

    return float(r2_score(truth, prediction))


@metric("mape", direction="minimize", takes="numbers")
def mape(truth: Array, prediction: Array) -> float:
    """Mean of |error| / |truth| as a fraction; from 0. Source: scikit-learn mean_absolute_percentage_error.

    A true value of 0 is divided by the float type's epsilon, so it dominates unless met.
    """
    from sklearn.metrics import mean_absolute_percentage_error

    return float(mean_absolute_percentage_error(truth, prediction))


@metric("smape", direction="minimize", takes="numbers")
def smape(truth: Array, prediction: Array) -> float:
    """Mean of |error| / ((|truth| + |prediction|) / 2) in percent; 0 to 200.

    A row where both are 0 counts 0. Source: the SMAPE of Kaggle's forecasting competitions.
    """
    import numpy as np

    truth, prediction = np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float)
    size = (np.abs(truth) + np.abs(prediction)) / 2
    return float(100 * np.mean(np.divide(np.abs(truth - prediction), size, out=np.zeros_like(size), where=size > 0)))


@metric("pearson", direction="maximize", takes="numbers")
def pearson(truth: Array, prediction: Array) -> float:
    """Pearson's linear correlation, the mean over columns; -1 to 1, and 0 where either side is constant.

    There scipy's pearsonr is undefined; a constant says nothing of the order, so 0. Source: Pearson 1895.
    """
    import numpy as np

    def correlation(x: Array, y: Array) -> float:
        x, y = x - x.mean(), y - y.mean()
        size = float(np.sqrt(x @ x) * np.sqrt(y @ y))
        return float(x @ y) / size if size > 0 else 0.0

    return float(np.mean([correlation(x, y) for x, y in _column_pairs(truth, prediction)]))


@metric("spearman", direction="maximize", takes="numbers")
def spearman(truth: Array, prediction: Array) -> float:
    """Spearman's rank correlation, the mean over columns; -1 to 1, ties at their mean rank, 0 where a side is constant.

    Source: Spearman 1904; ranks are scipy's rankdata.
    """
    import numpy as np
    from scipy.stats import rankdata

    return pearson(rankdata(np.asarray(truth, float), axis=0), rankdata(np.asarray(prediction, float), axis=0))


class MaskedMaeOptions(NoOptions):
    """Which column is compared, and which rows count: those where `where` equals `equals` in the answers."""

    column: str
    where: str
    equals: int


@metric("masked_mae", direction="minimize", takes="table", options=MaskedMaeOptions)
def masked_mae(truth: Table, prediction: Table, column: str, where: str, equals: int) -> float:
    """Mean absolute error over the rows that count; from 0. Without any it is a ValueError."""
    rows = truth[where] == equals
    if not rows.any():
        raise ValueError(f"no row of the answers has {where} = {equals}")
    return mae(truth[column][rows], prediction[column][rows])


class LogMaeOptions(NoOptions):
    """Which column is compared, within which groups, and the smallest error told from none."""

    column: str
    group: str
    floor: float = Field(default=1e-9, gt=0)


@metric("mean_log_mae", direction="minimize", takes="table", options=LogMaeOptions, best=math.log(1e-9))
def mean_log_mae(truth: Table, prediction: Table, column: str, group: str, floor: float = 1e-9) -> float:
    """Mean over the groups of ln(mean absolute error in the group); every group counts the same.

    Unbounded above, and at best ln(`floor`), about -20.7: an error of 0 would have no logarithm. Source: Kaggle's
    Predicting Molecular Properties.
    """
    import numpy as np

    _, groups = np.unique(truth[group].astype(str), return_inverse=True)
    errors = np.bincount(groups, np.abs(truth[column] - prediction[column])) / np.bincount(groups)
    return float(np.log(np.maximum(errors, floor)).mean())


def _column_pairs(truth: Array, prediction: Array) -> list[tuple[Array, Array]]:
    import numpy as np

    truth, prediction = np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float)
    return [(truth, prediction)] if truth.ndim == 1 else list(zip(truth.T, prediction.T, strict=True))
