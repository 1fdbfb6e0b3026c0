"""Ask once more when the model came with a program that the run has tried: another run of it would tell nothing new."""

from __future__ import annotations

from agent.contract import NodeEvent
from agent.llm.base import Message
from agent.operators.coding import Proposal

_MAX_ECHO_CHARS = 20_000


def another(messages: tuple[Message, ...], proposal: Proposal, original: NodeEvent) -> tuple[Message, ...]:
    """Return the question with the reply and what is known of it."""
    known = f"its validation score was {original.score:.6g}" if original.score is not None else "it did not work"
    if original.why_buggy:
        known += f" ({original.why_buggy})"
    again = (
        f"This very program was tried before: {known}. Running it again would tell nothing new. Answer again with a "
        "program that differs in what it does: a short plan, then ONE ```python block."
    )
    echo = f"{proposal.plan}\n\n```python\n{proposal.code}```".strip()[:_MAX_ECHO_CHARS]
    return (*messages, Message("assistant", echo), Message("user", again))
