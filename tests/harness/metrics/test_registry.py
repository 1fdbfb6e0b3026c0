"""What holds for every metric, and how they are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from harness.metrics import get_metric, metric, names

Pair = tuple[NDArray[Any], NDArray[Any]]


def of_labels(rng: np.random.Generator) -> Pair:
    return np.r_[0, 1, 2, rng.integers(0, 3, 40)], rng.integers(0, 3, 43)


def of_flags(rng: np.random.Generator) -> Pair:
    return np.r_[0, 1, rng.integers(0, 2, 40)], rng.integers(0, 2, 42)


def of_chances(rng: np.random.Generator) -> Pair:
    return np.r_[0, 1, rng.integers(0, 2, 40)], rng.random(42)


def of_numbers(rng: np.random.Generator) -> Pair:
    return rng.lognormal(size=42), rng.lognormal(size=42)


DRAW: dict[str, Callable[[np.random.Generator], Pair]] = {
    "accuracy": of_labels,
    "balanced_accuracy": of_labels,
    "f1": of_flags,
    "log_loss": of_chances,
    "mcc": of_labels,
    "quadratic_weighted_kappa": of_labels,
    "roc_auc": of_chances,
    **dict.fromkeys(["mae", "mape", "median_absolute_error", "mse", "r2", "rmse", "rmsle", "smape"], of_numbers),
}


def test_every_metric_has_tests_here() -> None:
    """Those of plain columns are drawn above; those of tables, texts or own options have tests of their family."""
    written = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in names() if f'"{name}"' not in written] == []


@pytest.mark.parametrize("name", sorted(DRAW))
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, prediction = DRAW[name](rng)
    order = rng.permutation(len(truth))
    chosen = get_metric(name)
    assert chosen.score(truth[order], prediction[order]) == pytest.approx(chosen.score(truth, prediction), rel=1e-12)


@pytest.mark.parametrize("name", sorted(DRAW))
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
def test_nothing_is_better_than_the_truth_itself(name: str, seed: int) -> None:
    truth, prediction = DRAW[name](np.random.default_rng(seed))
    chosen = get_metric(name)
    best, other = chosen.score(truth, truth.astype(prediction.dtype)), chosen.score(truth, prediction)
    assert best >= other if chosen.direction == "maximize" else best <= other
    assert best == pytest.approx(1.0 if chosen.direction == "maximize" else 0.0, abs=1e-12)


@pytest.mark.parametrize("name", sorted(DRAW))
def test_a_score_is_a_plain_float(name: str) -> None:
    assert type(get_metric(name).score(*DRAW[name](np.random.default_rng(0)))) is float


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no metric 'acc'; there are: accuracy, "):
        get_metric("acc")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="'rmse' is registered twice"):
        metric("rmse", direction="minimize", takes="numbers")(lambda truth, prediction: 0.0)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValidationError, match="average"):
        get_metric("accuracy").score(np.array([1]), np.array([1]), {"average": "macro"})


def test_an_undefined_score_raises() -> None:
    from harness.metrics.registry import Metric

    undefined = Metric("nan", "maximize", lambda truth, prediction: float("nan"))
    with pytest.raises(ValueError, match="metric nan is not defined"):
        undefined.score(np.array([1]), np.array([1]))
