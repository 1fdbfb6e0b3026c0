"""Drafting: a new solution from nothing, different from what the memory says was tried."""

from __future__ import annotations

from agent.llm.base import Message
from agent.memory import digest
from agent.operators.base import Situation, limit_values, task_values
from agent.promptset import PromptSet


def draft(situation: Situation, prompts: PromptSet) -> tuple[Message, ...]:
    """Ask for a new solution."""
    return prompts.messages(
        "draft",
        **task_values(situation.task),
        **limit_values(situation.limits),
        memory=digest(situation.journal),
    )
