"""Averages of independent trees: hard to get wrong, little to tune, good partners for boosting."""

from __future__ import annotations

from harness.gateway.providers.offline.families.base import Construction, Family, Settings, Tuning, by_size
from harness.gateway.providers.offline.recipe import Task

_BALANCED = 'class_weight="balanced"'


def _start(task: Task, rows: int | None) -> Settings:
    features = 0.15 if task == "classification" else 0.4
    return {
        "n_estimators": by_size(rows, 30, 45, 40),
        "min_samples_leaf": by_size(rows, 3, 3, 20),
        "max_features": features,
    }


def _construction(name: str, balanced: str | None) -> Construction:
    placed = "$balanced" if balanced else ""
    return Construction(
        f"{name}(**settings, n_jobs=1, random_state=seed{placed})",
        (f"from sklearn.ensemble import {name}",),
        balanced,
    )


_TUNINGS = (
    Tuning("n_estimators", (20, 30, 40, 60, 80, 120, 180, 260), "the number of trees"),
    Tuning("min_samples_leaf", (1, 2, 3, 5, 8, 12, 20, 40), "the smallest leaf"),
    Tuning("max_features", (0.1, 0.15, 0.2, 0.3, 0.4, 0.6), "the share of features a split may use"),
)

FOREST = Family(
    name="forest",
    title="a random forest",
    library="sklearn",
    table="filled",
    words=("random forest", "randomforest"),
    build={
        "classification": _construction("RandomForestClassifier", _BALANCED),
        "regression": _construction("RandomForestRegressor", None),
    },
    start=_start,
    tunings=_TUNINGS,
    most_rows=400_000,
)

EXTRA_TREES = Family(
    name="extra_trees",
    title="extra trees",
    library="sklearn",
    table="filled",
    words=("extra trees", "extratrees", "extremely randomised"),
    build={
        "classification": _construction("ExtraTreesClassifier", _BALANCED),
        "regression": _construction("ExtraTreesRegressor", None),
    },
    start=_start,
    tunings=_TUNINGS,
    most_rows=400_000,
)

FAMILIES = (FOREST, EXTRA_TREES)
