"""Merging: one solution out of two working ones, keeping what each does better."""

from __future__ import annotations

from agent.llm.base import Message
from agent.memory import digest
from agent.operators.base import Situation, limit_values, task_values
from agent.promptset import PromptSet


def merge(situation: Situation, prompts: PromptSet) -> tuple[Message, ...]:
    """Ask for a solution that joins the parents; the first is the one whose validation is kept."""
    first, second = situation.parents
    return prompts.messages(
        "merge",
        **task_values(situation.task),
        **limit_values(situation.limits),
        memory=digest(situation.journal),
        code=first.code,
        score=first.score,
        other_code=second.code,
        other_score=second.score,
    )
