"""Baselines: valid, sensible answers for tasks that no model here reaches, with scores that were measured.

A baseline guesses from the training answers alone (the most frequent, the mean, an empty mask, a copy of a column) and
writes them in the form of the sample submission. It is what a person hands in first, and says so.
"""

from __future__ import annotations

from harness.gateway.providers.offline.baselines.answers import AnswerMetric, answer_metric
from harness.gateway.providers.offline.baselines.guesses import GUESSES, Guess
from harness.gateway.providers.offline.baselines.script import Baseline, baseline_in, render_baseline

__all__ = ["GUESSES", "AnswerMetric", "Baseline", "Guess", "answer_metric", "baseline_in", "render_baseline"]
