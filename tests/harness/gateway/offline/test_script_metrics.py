"""A script's metric and the grader's agree, though they share no code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.gateway.providers.offline.metrics import METRICS, fallback_metric, known_metric
from harness.metrics import get_metric, names


def script_score(name: str, y: Any, p: Any) -> float:
    metric = METRICS[name]
    scope: dict[str, Any] = {"np": np}
    exec("\n".join([*metric.imports, "def score(y, p):", f"    {metric.body}"]), scope)
    return float(scope["score"](y, p))


@pytest.mark.parametrize("name", names())
def test_no_metric_of_the_harness_is_taken_for_one_of_the_other_direction(name: str) -> None:
    """Scripts validate by the metric itself or by a usual one in its place; the search then goes the right way."""
    higher = get_metric(name).direction == "maximize"
    for task in ("classification", "regression"):
        metric = known_metric(name) or fallback_metric(task, higher)  # type: ignore[arg-type]
        assert metric.higher == higher


@pytest.mark.parametrize(
    "name",
    [
        "accuracy",
        "balanced_accuracy",
        "f1",
        "log_loss",
        "macro_f1",
        "mae",
        "mape",
        "mcc",
        "median_absolute_error",
        "mse",
        "pearson",
        "quadratic_weighted_kappa",
        "r2",
        "rmse",
        "rmsle",
        "roc_auc",
        "smape",
    ],
)
def test_script_and_grader_agree(name: str) -> None:
    metric = known_metric(name)
    assert metric is not None
    rng = np.random.default_rng(0)
    if metric.task == "regression":
        y, p = rng.gamma(2, 3, 50), rng.gamma(2, 3, 50)
        submitted = p
    else:
        y, positive = rng.integers(0, 2, 50), rng.random(50)
        p = np.column_stack([1 - positive, positive])
        submitted = positive if metric.wants == "probability" else p.argmax(axis=1)
    assert script_score(metric.name, y, p) == pytest.approx(get_metric(name).score(y, submitted), rel=1e-6)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("AUC", "roc_auc"),
        ("Area under the ROC curve", "roc_auc"),
        ("mean column-wise ROC AUC", "roc_auc"),
        ("Multiclass Log-Loss", "log_loss"),
        ("Quadratic weighted kappa", "qwk"),
        ("Root Mean Squared Logarithmic Error", "rmsle"),
        ("RMSE", "rmse"),
        ("MAE", "mae"),
        ("macro F1", "f1_macro"),
        ("balanced accuracy", "balanced_accuracy"),
        ("categorization accuracy", "accuracy"),
    ],
)
def test_metric_is_known_by_its_usual_names(said: str, meant: str) -> None:
    metric = known_metric(said)
    assert metric is not None and metric.name == meant


def test_unknown_metric_falls_back_to_one_of_the_same_direction() -> None:
    assert known_metric("house points") is None and known_metric("share of processed sauce") is None
    for task in ("classification", "regression"):
        for higher in (True, False):
            assert fallback_metric(task, higher).higher is higher  # type: ignore[arg-type]
