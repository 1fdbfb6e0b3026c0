"""Where metrics are registered and found by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from harness.contract import Direction

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = Any

Table = Mapping[str, Array]  # columns of one length, ids among them


F = TypeVar("F", bound=Callable[..., float])


class NoOptions(BaseModel):
    """Options of a metric that has none; the base of those that have."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MetricFunction(Protocol):
    """Score `prediction` against `truth`: 1-D arrays for one column, 2-D (rows, columns) for several, rows aligned.

    A metric that takes a table gets two `Table`s instead: every column of the submission, and the same of the answers
    with their extra ones.
    """

    def __call__(self, truth: Any, prediction: Any, **options: Any) -> float: ...


Takes = Literal["labels", "numbers", "anything", "table"]
EVERY_NUMBER = (-math.inf, math.inf)


@dataclass(frozen=True)
class Metric:
    """A registered metric: its function, which way is better, and where it is defined.

    `takes` says which predictions it can work on: labels from a closed set, numbers within `domain`, anything that can
    be compared, or whole tables. A spec must not let anything else through, or a submission could make the grader fail;
    a metric of tables raises InvalidSubmission for what no declaration of a column can rule out.
    """

    name: str
    direction: Direction
    function: Callable[..., float]
    options: type[NoOptions] = NoOptions
    takes: Takes = "numbers"
    domain: tuple[float, float] = EVERY_NUMBER
    best: float | None = None  # of a perfect prediction; else 1 for what is maximised, 0 for what is minimised

    @property
    def perfect(self) -> float:
        """Return the score of a prediction that is the truth."""
        if self.best is not None:
            return self.best
        return 1.0 if self.direction == "maximize" else 0.0

    def score(self, truth: Any, prediction: Any, options: Mapping[str, object] | None = None) -> float:
        """Return the score as a plain float; ValueError when it is not a number: our error, not the agent's."""
        chosen = self.options.model_validate(dict(options or {}))
        value = float(self.function(truth, prediction, **chosen.model_dump()))
        if value != value:
            raise ValueError(f"metric {self.name} is not defined on this truth and prediction")
        return value


_METRICS: dict[str, Metric] = {}


def metric(
    name: str,
    *,
    direction: Direction,
    takes: Takes,
    domain: tuple[float, float] = EVERY_NUMBER,
    options: type[NoOptions] = NoOptions,
    best: float | None = None,
) -> Callable[[F], F]:
    """Register the decorated function as the metric `name`."""

    def register(function: F) -> F:
        if name in _METRICS:
            raise ValueError(f"metric {name!r} is registered twice")
        _METRICS[name] = Metric(name, direction, function, options, takes, domain, best)
        return function

    return register


def get_metric(name: str) -> Metric:
    """Return the metric of that name; ValueError lists the names there are."""
    if name not in _METRICS:
        raise ValueError(f"no metric {name!r}; there are: {', '.join(names())}")
    return _METRICS[name]


def names() -> list[str]:
    """Return the names of all metrics, sorted."""
    return sorted(_METRICS)
