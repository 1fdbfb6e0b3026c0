"""Ask a model for plan and code; what can't be used after all is a buggy node, which the search may have mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from agent.contract import Ask
from agent.llm.base import LLM, Message, Reply, Request, Usage
from agent.operators.asking import Question, Read, ask
from agent.operators.reply import Parsed, breaks_off, parse

MAX_ASKS = 3
_MAX_PLAN_CHARS = 4_000


@dataclass(frozen=True)
class Proposal:
    """Plan and code of a node to be. `problem` says why the code can't be run; `refused` that no reply came at all."""

    plan: str
    code: str
    usage: Usage
    problem: str | None = None
    refused: bool = False
    asks: tuple[Ask, ...] = ()


def propose(models: Sequence[LLM], messages: tuple[Message, ...], seed: int, base: str | None = None) -> Proposal:
    """Ask until a program comes back that compiles, `MAX_ASKS` times a model at most.

    With `base`, the script that is worked on, a reply may hold search/replace blocks in place of the whole script.
    """
    wanted = "search/replace blocks for the solution as it was shown, or " if base is not None else ""
    again = f"Answer again: a short plan, then {wanted}ONE ```python block."
    read = partial(_read, base=base)
    answer = ask(models, Question("code", Request(messages, seed), read, again, MAX_ASKS))
    parsed = answer.value or Parsed("", "")
    return Proposal(
        parsed.plan[:_MAX_PLAN_CHARS], parsed.code, answer.usage, answer.problem, answer.refused, tuple(answer.asks)
    )


def _read(reply: Reply, base: str | None) -> Read[Parsed]:
    parsed = parse(reply.text, base)
    if parsed.problem is None and reply.stop == "cut_off" and breaks_off(reply.text):
        return Read(parsed, "the program breaks off")
    return Read(parsed, parsed.problem)
