"""The score of a node: the last line `validation score: <number>` that the candidate printed.

A number read here is the node's score whatever a model says of it. This module does not decide whether more is better
(the request says so) and can't tell an honest cross-validation from an invented number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_LINE = re.compile(rf"^\s*validation score\s*:\s*({_NUMBER}|[-+]?(?:nan|inf(?:inity)?))(?![\w.])", re.IGNORECASE)
_ANY_NUMBER = re.compile(rf"(?<![\w.]){_NUMBER}")

# Ranges that hold for any implementation of the metric; a score outside can't be one.
_UNIT = (0.0, 1.0)
_POSITIVE = (0.0, math.inf)
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(
        (
            "accuracy", "balanced_accuracy", "categorization_accuracy", "roc_auc", "auc", "auc_roc", "mean_auc",
            "average_precision", "f1", "f1_macro", "f1_micro", "macro_f1", "micro_f1", "jaccard", "precision", "recall",
        ),
        _UNIT,
    ),
    **dict.fromkeys(
        ("rmse", "rmsle", "mae", "mse", "log_loss", "logloss", "multi_class_log_loss", "medae", "mape", "smape"),
        _POSITIVE,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """What the output says: a value, or the reason why the line that is there does not count, or neither."""

    value: float | None = None
    problem: str | None = None


def read_score(output: str, metric: str) -> Score:
    """Read the last score line of an output and check that it can be a value of the metric."""
    found = [match.group(1) for line in output.splitlines() if (match := _LINE.match(line))]
    return check_score(float(found[-1]), metric) if found else Score()


def range_of(metric: str) -> tuple[float, float]:
    """Return between what any implementation of a metric lies; infinite where that is not known."""
    return _RANGES.get(metric.strip().lower().replace("-", "_").replace(" ", "_"), (-math.inf, math.inf))


def check_score(value: float, metric: str) -> Score:
    """Refuse what no run of the metric can give: NaN, infinities, a value outside a known range."""
    if not math.isfinite(value):
        return Score(problem=f"the validation score is {value}, which is not a finite number")
    low, high = range_of(metric)
    if not low <= value <= high:
        return Score(problem=f"the validation score is {value}, but {metric} lies between {low:g} and {high:g}")
    return Score(value=value)


def appears_in(value: float, output: str) -> bool:
    """Say whether a number that a model reports was really printed, to within the rounding of a report."""
    return any(math.isclose(value, printed, rel_tol=1e-3, abs_tol=1e-9) for printed in _numbers(output))


def _numbers(output: str) -> Iterator[float]:
    return (float(match.group()) for match in _ANY_NUMBER.finditer(output))
