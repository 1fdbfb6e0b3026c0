"""The metrics that a script can validate by: what each wants predicted, and the lines of Python that compute it.

These are lines of generated scripts, not the grader's metrics: the two never share code, because a script must stand
alone. A name that is not known here falls back to a usual metric of the same direction, and the script says which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from harness.gateway.providers.offline.recipe import Task

Wants = Literal["labels", "probability", "value", "ranked", "lists"]


@dataclass(frozen=True)
class ScriptMetric:
    """`body` is the body of `def score(y, p)`.

    For classification y holds class numbers 0..k-1 and p probabilities (rows, k); for regression both are values.
    """

    name: str
    task: Task
    wants: Wants
    higher: bool
    body: str
    imports: tuple[str, ...] = ()


def _labels(name: str, function: str, options: str = "", higher: bool = True) -> ScriptMetric:
    body = f"return {function}(y, p.argmax(axis=1){options})"
    return ScriptMetric(name, "classification", "labels", higher, body, (f"from sklearn.metrics import {function}",))


def _value(name: str, function: str, higher: bool = False) -> ScriptMetric:
    body = f"return {function}(y, p)"
    return ScriptMetric(name, "regression", "value", higher, body, (f"from sklearn.metrics import {function}",))


def _formula(name: str, expression: str, higher: bool = False) -> ScriptMetric:
    return ScriptMetric(name, "regression", "value", higher, f"return {expression}")


def _probability(name: str, body: str, function: str, higher: bool) -> ScriptMetric:
    return ScriptMetric(
        name, "classification", "probability", higher, body, (f"from sklearn.metrics import {function}",)
    )


_AUC = 'return roc_auc_score(y, p[:, 1] if p.shape[1] == 2 else p, multi_class="ovr")'

METRICS = {
    metric.name: metric
    for metric in (
        _labels("accuracy", "accuracy_score"),
        _labels("balanced_accuracy", "balanced_accuracy_score"),
        _labels("f1", "f1_score", ', average="binary" if p.shape[1] == 2 else "macro"'),
        _labels("f1_macro", "f1_score", ', average="macro"'),
        _labels("f1_micro", "f1_score", ', average="micro"'),
        _labels("f1_weighted", "f1_score", ', average="weighted"'),
        _labels("qwk", "cohen_kappa_score", ', weights="quadratic"'),
        _labels("kappa", "cohen_kappa_score"),
        _labels("mcc", "matthews_corrcoef"),
        ScriptMetric("error_rate", "classification", "labels", False, "return float(np.mean(y != p.argmax(axis=1)))"),
        _probability("roc_auc", _AUC, "roc_auc_score", True),
        _probability("gini", _AUC.replace("return ", "return 2 * ") + " - 1", "roc_auc_score", True),
        _probability(
            "log_loss",
            "return log_loss(y, np.clip(p, 1e-7, 1 - 1e-7), labels=np.arange(p.shape[1]))",
            "log_loss",
            False,
        ),
        _probability(
            "balanced_log_loss",
            "return log_loss(y, np.clip(p, 1e-7, 1 - 1e-7), labels=np.arange(p.shape[1]), "
            "sample_weight=1 / np.bincount(y)[y])",
            "log_loss",
            False,
        ),
        _probability(
            "average_precision", "return average_precision_score(y, p[:, 1])", "average_precision_score", True
        ),
        _probability("brier", "return brier_score_loss(y, p[:, 1])", "brier_score_loss", False),
        ScriptMetric(
            "map_at_k",
            "classification",
            "ranked",
            True,
            "ranks = (p > p[np.arange(len(y)), y][:, None]).sum(axis=1) + 1\n"
            "    return float(np.mean(np.where(ranks <= PLACES, 1 / ranks, 0)))",
        ),
        ScriptMetric(
            "f1_of_lists",
            "classification",
            "lists",
            True,
            "return f1_score(y, p.argmax(axis=1), zero_division=0)",
            ("from sklearn.metrics import f1_score",),
        ),
        _formula("rmse", "np.sqrt(np.mean((y - p) ** 2))"),
        _formula("mse", "np.mean((y - p) ** 2)"),
        _formula("mae", "np.mean(np.abs(y - p))"),
        _formula("median_absolute_error", "np.median(np.abs(y - p))"),
        _formula("rmsle", "np.sqrt(np.mean((np.log1p(np.maximum(y, 0)) - np.log1p(np.maximum(p, 0))) ** 2))"),
        _formula("msle", "np.mean((np.log1p(np.maximum(y, 0)) - np.log1p(np.maximum(p, 0))) ** 2)"),
        _formula("mape", "np.mean(np.abs(y - p) / np.maximum(np.abs(y), 1e-9))"),
        _formula("smape", "np.mean(2 * np.abs(y - p) / np.maximum(np.abs(y) + np.abs(p), 1e-9)) * 100"),
        _formula("rmse_of_logs", "np.sqrt(np.mean((np.log(np.maximum(y, 1e-9)) - np.log(np.maximum(p, 1e-9))) ** 2))"),
        _formula("mean_log_mae", "np.log(np.maximum(np.mean(np.abs(y - p)), 1e-9))"),
        _formula("spearman", 'pd.Series(y).corr(pd.Series(p), method="spearman")', higher=True),
        _formula("pearson", "np.corrcoef(y, p)[0, 1]", higher=True),
        _value("r2", "r2_score", higher=True),
        _value("explained_variance", "explained_variance_score", higher=True),
    )
}

_ALIASES = {
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "rocauc": "roc_auc",
    "auc_roc": "roc_auc",
    "roc": "roc_auc",
    "area_under_the_roc_curve": "roc_auc",
    "logloss": "log_loss",
    "cross_entropy": "log_loss",
    "multiclass_log_loss": "log_loss",
    "macro_f1": "f1_macro",
    "micro_f1": "f1_micro",
    "weighted_f1": "f1_weighted",
    "f1_score": "f1",
    "quadratic_weighted_kappa": "qwk",
    "cohen_kappa": "kappa",
    "matthews_correlation_coefficient": "mcc",
    "matthews_corrcoef": "mcc",
    "pr_auc": "average_precision",
    "root_mean_squared_error": "rmse",
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "root_mean_squared_logarithmic_error": "rmsle",
    "root_mean_squared_log_error": "rmsle",
    "mean_absolute_percentage_error": "mape",
    "r2_score": "r2",
    "r_squared": "r2",
    "brier_score": "brier",
    "mapk": "map_at_k",
    "top_1_error": "error_rate",
}
# Words inside longer names ("mean column-wise ROC AUC"), the more telling first.
_WORDS = (
    ("map_at", "map_at_k"),
    ("of_lists", "f1_of_lists"),
    ("balanced_accuracy", "balanced_accuracy"),
    ("error_rate", "error_rate"),
    ("spearman", "spearman"),
    ("of_logs", "rmse_of_logs"),
    ("log_mae", "mean_log_mae"),
    ("kl_", "log_loss"),
    ("lwlrap", "roc_auc"),
    ("label_ranking", "roc_auc"),
    ("average_precision", "average_precision"),
    ("balanced_log_loss", "balanced_log_loss"),
    ("log_loss", "log_loss"),
    ("logloss", "log_loss"),
    ("cross_entropy", "log_loss"),
    ("auc", "roc_auc"),
    ("roc", "roc_auc"),
    ("gini", "gini"),
    ("quadratic", "qwk"),
    ("kappa", "kappa"),
    ("matthews", "mcc"),
    ("mcc", "mcc"),
    ("macro_f1", "f1_macro"),
    ("f1_macro", "f1_macro"),
    ("f1", "f1"),
    ("accuracy", "accuracy"),
    ("rmsle", "rmsle"),
    ("squared_log", "rmsle"),
    ("rmse", "rmse"),
    ("root_mean", "rmse"),
    ("squared_error", "mse"),
    ("percentage", "mape"),
    ("absolute", "mae"),
    ("mae", "mae"),
    ("pearson", "pearson"),
    ("correlation", "pearson"),
    ("r2", "r2"),
    ("brier", "brier"),
)


_SPEAKS_OF_SCORING = re.compile(r"evaluat|metric|scored|score is", re.IGNORECASE)


def known_metric(name: str) -> ScriptMetric | None:
    """Find a metric by one of its names, whatever its case and punctuation; None when we can't compute it."""
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    key = _ALIASES.get(key, key)
    if key in METRICS:
        return METRICS[key]
    return next((METRICS[target] for word, target in _WORDS if _names(word, key)), None)


def _names(word: str, key: str) -> bool:
    """Is the word in the name? Short ones must stand alone: `roc` is in `process`, `auc` in `sauce`."""
    return word in key if len(word) > 3 else f"_{word}_" in f"_{key}_"


def mentioned_metric(text: str) -> ScriptMetric | None:
    """The metric that a task's own words name, where they speak of evaluation; None when they name none we know."""
    lines = [line for line in text.splitlines() if _SPEAKS_OF_SCORING.search(line)]
    return next((metric for line in lines if (metric := known_metric(line)) is not None), None)


def fallback_metric(task: Task, higher: bool | None) -> ScriptMetric:
    """A usual metric of the same direction, for a name that is not known here."""
    if task == "classification":
        return METRICS["log_loss"] if higher is False else METRICS["accuracy"]
    return METRICS["r2"] if higher else METRICS["rmse"]
