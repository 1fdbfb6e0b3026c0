"""Improving: one atomic change to a working solution, so that its effect can be measured."""

from __future__ import annotations

from agent.llm.base import Message
from agent.memory import digest
from agent.operators.base import Situation, limit_values, task_values
from agent.promptset import PromptSet


def improve(situation: Situation, prompts: PromptSet) -> tuple[Message, ...]:
    """Ask for a better version of the parent."""
    (parent,) = situation.parents
    return prompts.messages(
        "improve",
        **task_values(situation.task),
        **limit_values(situation.limits),
        memory=digest(situation.journal),
        code=parent.code,
        score=parent.score,
    )
