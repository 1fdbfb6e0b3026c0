"""Gradient boosting in four libraries: the usual winners on tables. Settings are for slow-ish, regularised learning."""

from __future__ import annotations

from harness.gateway.providers.offline.families.base import Construction, Family, Settings, Tuning, by_size
from harness.gateway.providers.offline.recipe import Task


def _both(library: str, stem: str, options: str, balanced: str | None) -> dict[Task, Construction]:
    placed = "$balanced" if balanced else ""
    return {
        "classification": Construction(
            f"{stem}Classifier(**settings, {options}{placed})", (f"from {library} import {stem}Classifier",), balanced
        ),
        "regression": Construction(
            f"{stem}Regressor(**settings, {options})", (f"from {library} import {stem}Regressor",)
        ),
    }


def _hist_start(task: Task, rows: int | None) -> Settings:
    return {
        "max_iter": by_size(rows, 40, 90, 200),
        "learning_rate": by_size(rows, 0.1, 0.09, 0.07),
        "max_leaf_nodes": by_size(rows, 8, 15, 31),
        "l2_regularization": 1.0,
    }


HIST_BOOSTING = Family(
    name="hist_boosting",
    title="histogram boosting",
    library="sklearn",
    table="codes",
    words=("histgradientboosting", "hist gradient", "histogram gradient"),
    cost_by_class=True,
    build=_both("sklearn.ensemble", "HistGradientBoosting", "random_state=seed", 'class_weight="balanced"'),
    start=_hist_start,
    tunings=(
        Tuning("learning_rate", (0.03, 0.05, 0.07, 0.1, 0.15), "the learning rate"),
        Tuning("max_iter", (40, 60, 90, 120, 180, 260), "the number of trees"),
        Tuning("max_leaf_nodes", (6, 8, 12, 15, 20, 31, 63), "the size of a tree"),
        Tuning("l2_regularization", (0.1, 1.0, 5.0, 20.0), "the regularisation of leaves"),
    ),
)


def _lightgbm_start(task: Task, rows: int | None) -> Settings:
    return {
        "n_estimators": by_size(rows, 50, 100, 300),
        "learning_rate": by_size(rows, 0.07, 0.08, 0.07),
        "num_leaves": by_size(rows, 8, 15, 31),
        "min_child_samples": by_size(rows, 10, 20, 40),
        "subsample": 0.8,
        "subsample_freq": 1,
        "colsample_bytree": 0.6,
        "reg_lambda": 1.0,
    }


LIGHTGBM = Family(
    name="lightgbm",
    title="LightGBM",
    library="lightgbm",
    table="codes",
    words=("lightgbm", "lgbm"),
    cost_by_class=True,
    build=_both("lightgbm", "LGBM", "n_jobs=1, random_state=seed, verbose=-1", 'class_weight="balanced"'),
    start=_lightgbm_start,
    tunings=(
        Tuning("learning_rate", (0.02, 0.03, 0.05, 0.07, 0.1, 0.15), "the learning rate"),
        Tuning("n_estimators", (40, 60, 90, 120, 180, 260, 400), "the number of trees"),
        Tuning("num_leaves", (6, 8, 11, 15, 23, 31, 63), "the size of a tree"),
        Tuning("min_child_samples", (5, 10, 20, 40, 80), "the smallest leaf"),
        Tuning("colsample_bytree", (0.3, 0.45, 0.6, 0.8, 1.0), "the share of features a tree sees"),
        Tuning("reg_lambda", (0.1, 1.0, 5.0, 20.0), "the regularisation of leaves"),
    ),
)


def _xgboost_start(task: Task, rows: int | None) -> Settings:
    return {
        "n_estimators": by_size(rows, 40, 100, 300),
        "learning_rate": by_size(rows, 0.12, 0.09, 0.08),
        "max_depth": by_size(rows, 3, 4, 6),
        "min_child_weight": 3,
        "subsample": 0.8,
        "colsample_bytree": 0.6,
        "reg_lambda": 2.0,
    }


XGBOOST = Family(
    name="xgboost",
    title="XGBoost",
    library="xgboost",
    table="codes",
    words=("xgboost", "xgb"),
    cost_by_class=True,
    build=_both("xgboost", "XGB", 'n_jobs=1, random_state=seed, tree_method="hist"', None),
    start=_xgboost_start,
    tunings=(
        Tuning("learning_rate", (0.02, 0.03, 0.05, 0.08, 0.12, 0.2), "the learning rate"),
        Tuning("n_estimators", (40, 60, 90, 120, 180, 260, 400), "the number of trees"),
        Tuning("max_depth", (2, 3, 4, 5, 6, 8), "the depth of a tree"),
        Tuning("min_child_weight", (1, 3, 6, 12), "the smallest leaf"),
        Tuning("colsample_bytree", (0.3, 0.45, 0.6, 0.8, 1.0), "the share of features a tree sees"),
        Tuning("reg_lambda", (0.5, 2.0, 8.0, 25.0), "the regularisation of leaves"),
    ),
)


def _catboost_start(task: Task, rows: int | None) -> Settings:
    return {
        "iterations": by_size(rows, 50, 120, 250),
        "learning_rate": by_size(rows, 0.1, 0.12, 0.1),
        "depth": by_size(rows, 4, 5, 6),
        "l2_leaf_reg": 5.0,
        "border_count": by_size(rows, 32, 64, 128),
    }


CATBOOST = Family(
    name="catboost",
    title="CatBoost",
    library="catboost",
    table="codes",
    words=("catboost",),
    cost_by_class=True,
    build={
        "classification": Construction(
            "CatBoostClassifier(\n"
            "        **settings, thread_count=1, random_seed=seed, verbose=0, allow_writing_files=False$balanced\n"
            "    )",
            ("from catboost import CatBoostClassifier",),
            'auto_class_weights="Balanced"',
        ),
        "regression": Construction(
            "CatBoostRegressor(\n"
            "        **settings, thread_count=1, random_seed=seed, verbose=0, allow_writing_files=False\n"
            "    )",
            ("from catboost import CatBoostRegressor",),
        ),
    },
    start=_catboost_start,
    tunings=(
        Tuning("learning_rate", (0.03, 0.05, 0.07, 0.1, 0.15), "the learning rate"),
        Tuning("iterations", (40, 60, 100, 150, 250, 400), "the number of trees"),
        Tuning("depth", (3, 4, 5, 6, 7), "the depth of a tree"),
        Tuning("l2_leaf_reg", (1.0, 3.0, 5.0, 10.0, 30.0), "the regularisation of leaves"),
    ),
    most_rows=300_000,
)

FAMILIES = (LIGHTGBM, CATBOOST, XGBOOST, HIST_BOOSTING)
