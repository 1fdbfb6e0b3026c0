"""Drafting: a new solution from nothing, different from what the memory says was tried."""

from __future__ import annotations

from agent.llm.base import Message
from agent.operators.base import Situation, limit_values, task_values
from agent.operators.memory import memory_values
from agent.promptset import Renderer


def draft(situation: Situation, prompts: Renderer) -> tuple[Message, ...]:
    """Ask for a new solution."""
    return prompts.messages(
        "draft",
        **task_values(situation.task),
        **limit_values(situation.limits),
        **memory_values(situation, None, prompts.settings),
    )
