"""Blending: a program that reads what the best solutions predicted and weighs them, chosen on validation."""

from __future__ import annotations

from agent.llm.base import Message
from agent.operators.base import Situation, limit_values, task_values
from agent.operators.earlier import earlier_values
from agent.promptset import Renderer


def ensemble(situation: Situation, prompts: Renderer) -> tuple[Message, ...]:
    """Ask for a blend of the parents."""
    return prompts.messages(
        "ensemble",
        **task_values(situation.task),
        **limit_values(situation.limits),
        earlier=earlier_values(situation),
    )
