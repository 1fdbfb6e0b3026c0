"""Which baseline comes next, and what it is called: a draft takes one not known yet, a change another way to guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.gateway.providers.offline.baselines.answers import answer_metric
from harness.gateway.providers.offline.baselines.guesses import GUESSES
from harness.gateway.providers.offline.baselines.script import Baseline
from harness.gateway.providers.offline.reading import Situation, Tried


def baselines(situation: Situation, folds: int) -> list[Baseline]:
    """Every baseline that fits the task, the most promising first and the plainest last."""
    metric = answer_metric(situation.metric, situation.higher_is_better)
    higher = metric.higher if situation.higher_is_better is None else situation.higher_is_better
    names = [
        name
        for name, guess in GUESSES.items()
        if guess.items_only == metric.of_items and (not guess.texts_only or metric.of_texts)
    ]
    return [Baseline(name, situation.metric or "", higher, folds) for name in reversed(names)]


def baseline_plan(baseline: Baseline) -> str:
    """Plan of a first version; a title is a function of the baseline alone."""
    return (
        f"Approach: a baseline, {baseline.title}. {GUESSES[baseline.guess].reason} It is learnt from the training "
        f"answers and validated on rows that it was not learnt from. The sample submission gives the form."
    )


def next_baseline(known: Sequence[Baseline], memory: Sequence[Tried]) -> Baseline | None:
    """The first that memory does not know; None when all were tried."""
    return next((b for b in known if not any(b.title.lower() in tried.plan.lower() for tried in memory)), None)


def other_baseline(now: Baseline, known: Sequence[Baseline], memory: Sequence[Tried]) -> Baseline | None:
    """Another way to guess, with all else as it is."""
    others = [replace(now, guess=other.guess) for other in known if other.guess != now.guess]
    return next_baseline(others, memory)
