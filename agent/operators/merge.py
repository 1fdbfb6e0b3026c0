"""Merging: one solution out of two working ones, keeping what each does better."""

from __future__ import annotations

from agent.llm.base import Message
from agent.memory import good, rest
from agent.operators.base import Situation, limit_values, task_values
from agent.operators.earlier import earlier_values
from agent.promptset import Renderer


def merge(situation: Situation, prompts: Renderer) -> tuple[Message, ...]:
    """Ask for a solution that joins the parents; the first is the one whose validation is kept."""
    first, second = situation.parents
    budget = prompts.settings.memory_tokens
    return prompts.messages(
        "merge",
        **task_values(situation.task),
        **limit_values(situation.limits),
        memory=good(situation.journal, budget),
        others=situation.written or rest(situation.journal, budget // 2, situation.parents),
        code=first.code,
        earlier=earlier_values(situation),
        score=first.score,
        other_code=second.code,
        other_score=second.score,
    )
