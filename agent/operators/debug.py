"""Debugging: the parent's code with what happened when it ran, to be mended without changing the approach."""

from __future__ import annotations

from agent.llm.base import Message
from agent.memory import ancestry
from agent.operators.base import Situation, limit_values, task_values
from agent.operators.earlier import earlier_values
from agent.promptset import Renderer


def debug(situation: Situation, prompts: Renderer) -> tuple[Message, ...]:
    """Ask for a mended version of the parent."""
    (parent,) = situation.parents
    return prompts.messages(
        "debug",
        **task_values(situation.task),
        **limit_values(situation.limits),
        ancestry=ancestry(situation.journal, parent, prompts.settings.memory_tokens),
        code=parent.code,
        earlier=earlier_values(situation),
        outcome=parent.outcome,
        output=parent.output,
        problem=parent.why_buggy or "",
        analysis=parent.analysis,
    )
