"""Improving: one atomic change to a working solution, so that its effect can be measured."""

from __future__ import annotations

from agent.llm.base import Message
from agent.operators.base import Situation, limit_values, task_values
from agent.operators.earlier import earlier_values
from agent.operators.memory import memory_values
from agent.promptset import Renderer


def improve(situation: Situation, prompts: Renderer) -> tuple[Message, ...]:
    """Ask for a better version of the parent."""
    (parent,) = situation.parents
    return prompts.messages(
        "improve",
        **task_values(situation.task),
        **limit_values(situation.limits),
        **memory_values(situation, parent, prompts.settings),
        code=parent.code,
        earlier=earlier_values(situation),
        score=parent.score,
    )
