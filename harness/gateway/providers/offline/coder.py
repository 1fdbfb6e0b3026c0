"""The offline coder: reads a prompt and answers it as a model would, without a model.

It exercises everything above it (prompts, parsing, search, execution, review) with real scripts on real data, and it
is the no-model baseline. It learns nothing between calls: what it knows, it reads from the prompt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from harness.gateway.providers.offline import auditing
from harness.gateway.providers.offline.approaches import Problem, draft, problem_of, same_idea
from harness.gateway.providers.offline.baselines import GUESSES, Baseline, baseline_in, render_baseline
from harness.gateway.providers.offline.baselines.planning import (
    baseline_plan,
    baselines,
    next_baseline,
    other_baseline,
)
from harness.gateway.providers.offline.blending import blend_plan, blend_script
from harness.gateway.providers.offline.blocks import as_blocks
from harness.gateway.providers.offline.changes import choose
from harness.gateway.providers.offline.flaws import flawed
from harness.gateway.providers.offline.leakage import look_for_leaks
from harness.gateway.providers.offline.mending import mend
from harness.gateway.providers.offline.merging import join
from harness.gateway.providers.offline.metrics import METRICS
from harness.gateway.providers.offline.predictions import keeping
from harness.gateway.providers.offline.reading import Situation, read_situation
from harness.gateway.providers.offline.render import render
from harness.gateway.providers.offline.review import review
from harness.gateway.providers.offline.sections import prompt_text
from harness.gateway.providers.offline.understanding import readable
from harness.gateway.providers.offline.wording import debug_plan, draft_plan, improve_plan, merge_plan

_OPEN, _CLOSE = "```python\n", "```\n"


@dataclass(frozen=True)
class Answer:
    """A reply: text, or a call of one tool (then the text is empty)."""

    text: str
    tool_name: str | None = None
    tool_arguments: dict[str, Any] | None = None


@dataclass(frozen=True)
class OfflineCoder:
    """Answers chat completions. Pure: the same messages, tools and seed give the same answer.

    `flaws` is the share of drafts that get a typical mistake on purpose, so that debugging can be exercised; scripts
    are honest best effort at the default of 0.
    """

    flaws: float = 0.0

    def answer(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], seed: int) -> Answer:
        """Answer one request; any messages get an answer, however strange."""
        if auditing.is_asked(tools):
            return Answer("", auditing.TOOL, auditing.audited(prompt_text(messages)))
        situation = read_situation(messages, tools)
        if situation.operator == "review":
            name, arguments = review(situation.output or "", tools, _higher(situation))
            return Answer("", name, arguments)
        if situation.operator == "leakage":
            return Answer("", "submit_leakage", look_for_leaks(situation.code or ""))
        if situation.operator == "summarize":
            return Answer(situation.attempts)
        return Answer(_dressed(_coded(situation, seed, self.flaws), situation))


def _higher(situation: Situation) -> bool:
    """Which way is better: as the prompt says, else as the reviewed script's metric has it, else the task's."""
    if situation.higher_is_better is not None:
        return situation.higher_is_better
    if (baseline := baseline_in(situation.code)) is not None:
        return baseline.higher
    recipe = readable(situation.code)
    return METRICS[recipe.metric].higher if recipe is not None else problem_of(situation).metric.higher


def _coded(situation: Situation, seed: int, flaws: float) -> str:
    problem, rng = problem_of(situation), Random(_entropy(situation, seed))  # noqa: S311 - choices that repeat, no secrets
    if situation.operator == "ensemble" and (blend := _blended(situation, problem)) is not None:
        return blend
    if situation.code is None or situation.operator in ("draft", "ensemble"):
        return _drafted(situation, problem, rng, flaws)
    if situation.operator == "merge" and (both := _merged(situation)) is not None:
        return both
    if situation.operator == "debug":
        mended = mend(situation, problem)
        return _reply(debug_plan(mended.words, readable(mended.code)), mended.code)
    return _improved(situation, problem, rng)


def _blended(situation: Situation, problem: Problem) -> str | None:
    """A blend of earlier predictions; where there are none, a merge of the programs that are shown instead."""
    script = blend_script(situation, problem)
    if script is not None:
        return _reply(blend_plan(situation, problem), script)
    return _merged(situation)


def _dressed(reply: str, situation: Situation) -> str:
    """The reply with what the prompt asks of any program: predictions that are kept, a change written as blocks."""
    plan, opened, rest = reply.partition(_OPEN)
    code = rest.removesuffix(_CLOSE)
    if not opened:
        return reply
    if situation.keeps_predictions:
        code = keeping(code)
    changed = situation.code if situation.takes_blocks and situation.operator in ("improve", "debug") else None
    blocks = as_blocks(changed, code) if changed else None
    return f"{plan}{blocks}\n" if blocks is not None else f"{plan}{_OPEN}{code}{_CLOSE}"


def _drafted(situation: Situation, problem: Problem, rng: Random, flaws: float = 0.0) -> str:
    if problem.only_a_baseline and (found := next_baseline(baselines(situation, problem.folds), situation.memory)):
        return _reply(baseline_plan(found), render_baseline(found))
    recipe = draft(situation, problem, rng)
    plan = draft_plan(recipe)
    if any(same_idea(plan, tried) for tried in situation.memory):  # all beginnings are known: vary one
        change = choose(recipe, problem, situation.memory, rng)
        recipe, plan = (change.recipe, improve_plan(change.label, change.reason)) if change else (recipe, plan)
    code = render(recipe, situation.data)
    return _reply(plan, flawed(code, rng) if rng.random() < flaws else code)


def _improved(situation: Situation, problem: Problem, rng: Random) -> str:
    """One change of the parent; a fresh draft for somebody else's script, or when nothing is left to try."""
    if (baseline := baseline_in(situation.code)) is not None:
        return _guessed_otherwise(baseline, situation, problem, rng)
    base = readable(situation.code)
    change = choose(base, problem, situation.memory, rng) if base is not None else None
    if change is None:
        return _drafted(situation, problem, rng)
    return _reply(improve_plan(change.label, change.reason), render(change.recipe, situation.data))


def _guessed_otherwise(baseline: Baseline, situation: Situation, problem: Problem, rng: Random) -> str:
    """Another way to guess; when all were tried, a model is worth an attempt."""
    other = other_baseline(baseline, baselines(situation, problem.folds), situation.memory)
    if other is None:
        return _drafted(situation, replace(problem, only_a_baseline=False), rng)
    return _reply(
        improve_plan(f"guess {other.title} instead of {baseline.title}", GUESSES[other.guess].reason),
        render_baseline(other),
    )


def _merged(situation: Situation) -> str | None:
    """Both approaches in one script; None where one is not ours, or joining them gives what is there already."""
    first, second = readable(situation.code), readable(situation.other_code)
    if first is None or second is None:
        return None
    joined = join(first, second)
    if joined in (first, second):
        return None
    return _reply(merge_plan(joined), render(joined, situation.data))


def _entropy(situation: Situation, seed: int) -> int:
    """The seed and what distinguishes this step from another; outputs and clocks are left out, so runs repeat."""
    parts = (seed, situation.operator, situation.steps_left, len(situation.memory), situation.code)
    return int.from_bytes(hashlib.sha256(repr(parts).encode("utf-8", "replace")).digest()[:8])


def _reply(plan: str, code: str) -> str:
    return f"{plan}\n\n{_OPEN}{code}{_CLOSE}"
