"""Finds the registered metric that a person means: by its name, or by words such as "RMSE of the log price".

It never chooses between two: what names none, or several, is an error that lists the names there are.
"""

from __future__ import annotations

import re

from harness.errors import UserError
from harness.metrics import Metric, get_metric, names

ONE_COLUMN = ("labels", "numbers", "anything")
SPOKEN: dict[str, tuple[str, ...]] = {
    "accuracy": ("accuracy", "share correct", "percentage correct", "categorization accuracy"),
    "balanced_accuracy": ("balanced accuracy",),
    "f1": ("f1", "f1 score", "f score"),
    "macro_f1": ("macro f1", "f1 macro", "macro averaged f1", "macro f1 score"),
    "mcc": ("mcc", "matthews correlation coefficient", "matthews correlation"),
    "quadratic_weighted_kappa": ("qwk", "quadratic weighted kappa", "quadratic kappa", "cohen kappa", "cohens kappa"),
    "roc_auc": ("auc", "auroc", "roc auc", "area under the roc curve", "area under the curve", "area under roc"),
    "log_loss": ("log loss", "logloss", "cross entropy", "logarithmic loss", "binary cross entropy"),
    "rmse": ("rmse", "root mean squared error", "root mean square error"),
    "rmsle": (
        "rmsle",
        "root mean squared logarithmic error",
        "root mean squared log error",
        "rmse between the logarithm",
        "rmse of the log",
        "rmse of log",
        "log rmse",
        "rmse metric between the logarithm",
    ),
    "mse": ("mse", "mean squared error", "mean square error"),
    "mae": ("mae", "mean absolute error"),
    "median_absolute_error": ("median absolute error", "medae"),
    "mape": ("mape", "mean absolute percentage error"),
    "smape": ("smape", "symmetric mean absolute percentage error"),
    "r2": ("r2", "r squared", "r 2", "coefficient of determination"),
    "pearson": ("pearson", "pearson correlation"),
    "spearman": ("spearman", "spearman correlation", "rank correlation"),
}


def meant(text: str) -> Metric:
    """Return the metric that a name or some words mean; raise `UserError` where that isn't certain."""
    if text in names():
        return get_metric(text)
    found = _spoken(text)
    usual = ", ".join(name for name in names() if get_metric(name).takes in ONE_COLUMN)
    if not found:
        raise UserError(f"--metric {text!r} names no metric that there is. Use one of: {usual}")
    if len(found) > 1:
        raise UserError(f"--metric {text!r} could mean {' or '.join(sorted(found))}; give one of these names")
    return get_metric(found.pop())


def _spoken(text: str) -> set[str]:
    """Return the metrics that are named in a text; what is said inside a longer name does not count."""
    words = " ".join(re.findall(r"[a-z0-9]+", text.lower().replace("'", "")))
    said = [
        (match.start(), match.end(), name)
        for name, ways in {**dict.fromkeys(names(), ()), **SPOKEN}.items()
        for way in (*ways, name.replace("_", " "))
        for match in re.finditer(rf"\b{re.escape(way)}\b", words)
    ]
    longest = [
        name
        for start, end, name in said
        if not any(a <= start and end <= b and (a, b) != (start, end) for a, b, _ in said)
    ]
    return set(longest)
