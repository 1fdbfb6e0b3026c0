"""Reviewing: a model reads what a candidate printed and reports its findings through the tool `submit_review`.

Models answer in prose, leave keys out, send strings for booleans; each of these is read as far as it goes. A review
never decides a score that the candidate printed itself, and never the direction.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.contract import Ask, Outcome
from agent.excerpt import excerpt
from agent.llm.base import LLM, Message, Reply, Request, Tool, Usage
from agent.operators.asking import Question, Read, ask
from agent.operators.base import Task, task_values
from agent.operators.reply import clean
from agent.promptset import Renderer

MAX_ASKS = 2
_MAX_SUMMARY_CHARS = 1_500
_AGAIN = "Report the findings as you were asked to: `is_bug`, `summary` and `metric`."
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

SUBMIT_REVIEW = Tool(
    name="submit_review",
    description="Report the findings about one execution of a solution script.",
    parameters={
        "type": "object",
        "properties": {
            "is_bug": {
                "type": "boolean",
                "description": "true when the run failed, or its output shows that the result can't be right",
            },
            "summary": {
                "type": "string",
                "description": "two or three sentences: what was found empirically, or what went wrong and why",
            },
            "metric": {
                "type": ["number", "null"],
                "description": "the validation score that the output reports; null when it reports none",
            },
        },
        "required": ["is_bug", "summary", "metric"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True)
class Review:
    """A model's findings; None where it did not say."""

    is_bug: bool | None = None
    summary: str = ""
    metric: float | None = None
    usage: Usage = field(default_factory=Usage)
    asks: tuple[Ask, ...] = ()


def review_messages(task: Task, prompts: Renderer, code: str, outcome: Outcome, output: str) -> tuple[Message, ...]:
    """Ask for the findings about an execution."""
    return prompts.messages("review", **task_values(task), code=code, outcome=outcome, output=excerpt(output))


def review(models: Sequence[LLM], messages: tuple[Message, ...], seed: int) -> Review:
    """Ask, once more if the reply gives no judgement; what says nothing usable then is an empty review."""
    request = Request(messages, seed, tool=SUBMIT_REVIEW)
    answer = ask(models, Question("review", request, _read, _AGAIN, MAX_ASKS))
    if answer.value is None:
        summary = f"No review: {answer.problem}"[:_MAX_SUMMARY_CHARS]
        return Review(summary=summary, usage=answer.usage, asks=tuple(answer.asks))
    return replace(answer.value, usage=answer.usage, asks=tuple(answer.asks))


def _read(reply: Reply) -> Read[Review]:
    found = read_review(reply)
    return Read(found, "it does not say whether the run is a bug" if found.is_bug is None else None)


def read_review(reply: Reply) -> Review:
    """Read a review from the tool's arguments, else from a JSON object in the text, else from the prose."""
    found = reply.tool_arguments or next(objects(reply.text, ("is_bug", "metric")), None)
    if found is None:
        return Review(summary=clean(reply.text).strip()[:_MAX_SUMMARY_CHARS], usage=reply.usage)
    summary = found.get("summary")
    return Review(
        is_bug=boolean(found.get("is_bug")),
        summary=clean(summary if isinstance(summary, str) else "").strip()[:_MAX_SUMMARY_CHARS],
        metric=_number(found.get("metric")),
        usage=reply.usage,
    )


def objects(text: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a text that hold one of the keys."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        try:
            value, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            inner = value.get("arguments", value)  # some servers print the whole call
            if isinstance(inner, dict) and any(key in inner for key in keys):
                yield inner
        start = text.find("{", start + 1)


def boolean(value: Any) -> bool | None:
    """Read a yes or no in the ways in which models write it."""
    if isinstance(value, str):
        return _WORDS.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int) else None


def _number(value: Any) -> float | None:
    """Read a finite number; a JSON integer is one, a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
