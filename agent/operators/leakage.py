"""A second look at a score that is too good: does the program let what it predicts, or is measured on, leak in?

A model reads the program and reports through the tool `submit_leakage`. A leak makes the node buggy, with the reason;
anything else clears it. A reply that says neither leaves the node as it is, and the record says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.contract import Ask, Leakage
from agent.excerpt import excerpt
from agent.llm.base import LLM, Message, Reply, Request, Tool, Usage
from agent.operators.asking import Question, Read, ask
from agent.operators.base import Task, task_values
from agent.operators.reply import clean
from agent.operators.review import boolean, objects
from agent.promptset import Renderer

MAX_ASKS = 2
_MAX_REASON_CHARS = 600
_AGAIN = "Report what you found as you were asked to: `is_leak` and `reason`."

SUBMIT_LEAKAGE = Tool(
    name="submit_leakage",
    description="Report whether a program's validation score can be trusted.",
    parameters={
        "type": "object",
        "properties": {
            "is_leak": {
                "type": "boolean",
                "description": "true only when the program itself shows how the score comes out too good",
            },
            "reason": {
                "type": "string",
                "description": "one or two sentences: the lines that leak and how, or why the score is sound",
            },
        },
        "required": ["is_leak", "reason"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True)
class Finding:
    """What a model found; `is_leak` is None where it did not say."""

    is_leak: bool | None = None
    reason: str = ""
    usage: Usage = field(default_factory=Usage)
    asks: tuple[Ask, ...] = ()

    def record(self, suspicion: str) -> Leakage:
        """What the journal keeps of it."""
        verdict = {True: "leak", False: "clear", None: "unclear"}[self.is_leak]
        return Leakage(suspicion, verdict, self.reason)  # type: ignore[arg-type]


def leakage_messages(task: Task, prompts: Renderer, code: str, output: str, suspicion: str) -> tuple[Message, ...]:
    """Ask whether a program leaks."""
    values: dict[str, Any] = {"code": code, "outcome": "ok", "output": excerpt(output), "suspicion": suspicion}
    return prompts.messages("leakage", **task_values(task), **values)


def look_for_leaks(models: Sequence[LLM], messages: tuple[Message, ...], seed: int) -> Finding:
    """Ask, once more if the reply says neither yes nor no."""
    answer = ask(models, Question("leakage", Request(messages, seed, tool=SUBMIT_LEAKAGE), _read, _AGAIN, MAX_ASKS))
    found = answer.value or Finding(reason=f"No answer: {answer.problem}"[:_MAX_REASON_CHARS])
    return Finding(found.is_leak, found.reason, answer.usage, tuple(answer.asks))


def _read(reply: Reply) -> Read[Finding]:
    found = reply.tool_arguments or next(objects(reply.text, ("is_leak",)), None)
    is_leak = None if found is None else boolean(found.get("is_leak"))
    reason = reply.text if found is None else found.get("reason")
    text = clean(reason if isinstance(reason, str) else "").strip()[:_MAX_REASON_CHARS]
    return Read(Finding(is_leak, text), "it does not say whether there is a leak" if is_leak is None else None)
