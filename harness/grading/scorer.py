"""Scores a search's submissions on the held-back part of the *training* rows, with the competition's own metric.

The format comes first: a submission that breaks a rule has no score. Two scores come of the others: the one of the
search part may be told to the agent, the one of the pick part never leaves the harness. Test labels play no part: this
module reads a search view and nothing else, and is kept from importing what knows of `private/`.
"""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.search_view import SearchView, by_id
from harness.errors import InvalidSubmission
from harness.grading import submission

if TYPE_CHECKING:
    from harness.grading.submission import Predictions
    from harness.specs.competition import Competition

TOLD_DIGITS = 5  # significant; each further one would tell more of single labels, and nothing of the score's worth


class Scores(NamedTuple):
    """What a submission scores on both parts that are held back."""

    search: float
    pick: float

    @property
    def told(self) -> float:
        """The search score as the agent gets to know it."""
        return float(f"{self.search:.{TOLD_DIGITS}g}")


class Scorer:
    """Scores submissions of one search view; may be used from several threads."""

    def __init__(self, competition: Competition, view: SearchView) -> None:
        self._competition = competition
        self._spec = by_id(competition.submission)
        self._view = view
        self._metric = competition.scorer()

    def check(self, path: Path) -> Predictions:
        """Return the predictions; raise InvalidSubmission where a rule is broken. Labels play no part."""
        return submission.read_as(self._spec, self._view.sample, path)

    def score(self, path: Path) -> Scores:
        """Return both scores; raise InvalidSubmission where there is none."""
        predictions = self.check(path)
        return Scores(*(self._on(truth, predictions) for truth in (self._search_truth, self._pick_truth)))

    def _on(self, truth: Predictions, predictions: Predictions) -> float:
        """Score one part. What a metric says of values that it can't take may depend on labels: it is not passed on."""
        part = predictions.at(truth.ids)
        try:
            score = self._metric.score(self._taken(truth), self._taken(part), self._competition.metric.options)
        except InvalidSubmission:
            score = math.nan
        if not math.isfinite(score):
            raise InvalidSubmission("the competition's metric can't be computed from these values")
        return score

    def _taken(self, table: Predictions) -> Any:
        return dict(table.columns) if self._metric.takes == "table" else table.array()

    @cached_property
    def _search_truth(self) -> Predictions:
        return self._truth(self._view.search_truth)

    @cached_property
    def _pick_truth(self) -> Predictions:
        return self._truth(self._view.pick_truth)

    def _truth(self, path: Path) -> Predictions:
        return submission.read_answers(path.read_bytes(), None, self._spec, self._competition.answers)
