"""Ask a model for plan and code, and ask again, a bounded number of times, when the reply can't be used.

The second question shows the model its reply and says what is wrong with it. What is still unusable then is returned
as it is: the loop turns it into a buggy node, which the search may have mended like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.llm.base import LLM, Message, Reply, Request, RequestRefused, Usage
from agent.operators.reply import Parsed, clean, parse

MAX_ASKS = 3
_MAX_PLAN_CHARS = 4_000
_MAX_ECHO_CHARS = 20_000


@dataclass(frozen=True)
class Proposal:
    """Plan and code of a node to be. `problem` says why the code can't be run; `refused` that no reply came at all."""

    plan: str
    code: str
    usage: Usage
    problem: str | None = None
    refused: bool = False


def propose(llm: LLM, messages: tuple[Message, ...], seed: int, base: str | None = None) -> Proposal:
    """Ask until a program comes back that compiles, `MAX_ASKS` times at most.

    With `base`, the script that is worked on, a reply may hold search/replace blocks in place of the whole script.
    """
    asked, usage, parsed = messages, Usage(), Parsed("", "")
    for _ in range(MAX_ASKS):
        try:
            reply = llm.complete(Request(asked, seed))
        except RequestRefused as refusal:
            return Proposal("", "", usage, f"the model refused the request: {clean(str(refusal))}", refused=True)
        usage += reply.usage
        parsed = parse(reply.text, base)
        if parsed.problem is None:
            break
        asked = (*messages, *_complaint(reply, parsed.problem, blocks=base is not None))
    return Proposal(parsed.plan[:_MAX_PLAN_CHARS], parsed.code, usage, parsed.problem)


def _complaint(reply: Reply, problem: str, *, blocks: bool) -> tuple[Message, ...]:
    """Show the model its unusable reply and what is wrong with it. An empty turn would be refused, so none is sent."""
    if reply.cut_off:
        problem += "; the reply was cut off at the token limit, so write a shorter script"
    wanted = "search/replace blocks for the solution as it was shown, or " if blocks else ""
    again = Message(
        "user", f"That can't be used: {problem}. Answer again: a short plan, then {wanted}ONE ```python block."
    )
    echo = clean(reply.text).strip()[:_MAX_ECHO_CHARS]
    return (Message("assistant", echo), again) if echo else (again,)
