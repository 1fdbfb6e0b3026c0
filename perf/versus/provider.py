"""The model of both agents: the twenty scripts in order, and reviews that read the score; every prompt is kept.

Tokens are counted by one estimate for both (`agent.tokens`), over the text of messages and the tools' schemas. Without
a network no tokenizer is at hand; ratios hardly depend on it, since both prompts are English and Python.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from agent.tokens import tokens
from harness.gateway.providers.fake import FakeProvider, Received, Say
from perf.versus.scripts import SCRIPTS

SCORE = re.compile(r"validation score: ([\d.]+)")
SUMMARY = (
    "The script ran to its end and its three folds agree to within a percent, at a score of {score}. What it gets "
    "wrong are mostly passengers with few bills, whom the coded columns hardly tell apart."
)


class Model:
    """A server on loopback; `prompts` are the token counts of each call, in order, and whether it was a review."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = itertools.count()
        self.calls: list[tuple[bool, int]] = []
        self.server = FakeProvider(self._answer)

    def _answer(self, received: Received) -> Say:
        count = tokens_of(received.body)
        tools = received.body.get("tools")
        with self._lock:
            self.calls.append((bool(tools), count))
            if not tools:
                script = SCRIPTS[next(self._number) % len(SCRIPTS)]
                return Say(text=script.reply, input_tokens=count)
        return review(received.body, tools, count)

    def steps(self) -> list[int]:
        """The input tokens of each step: a call for code, and the reviews up to the next one."""
        found: list[int] = []
        for is_review, count in self.calls:
            if is_review and found:
                found[-1] += count
            else:
                found.append(count)
        return found


def review(body: Mapping[str, Any], tools: Sequence[Mapping[str, Any]], count: int) -> Say:
    """A call of the review tool, with those of the usual arguments that it has."""
    described = tools[0].get("function", tools[0])
    schema = described.get("parameters") or described.get("input_schema") or {}
    scores = SCORE.findall(json.dumps(body))
    score = float(scores[-1]) if scores else 0.0
    known = {"is_bug": False, "summary": SUMMARY.format(score=score), "metric": score, "lower_is_better": False}
    arguments = {name: value for name, value in known.items() if name in schema.get("properties", known)}
    return Say(text="", tool_name=described["name"], tool_arguments=json.dumps(arguments), input_tokens=count)


def tokens_of(body: Mapping[str, Any]) -> int:
    """An estimate of a request's input tokens."""
    texts = [json.dumps(body["tools"])] if body.get("tools") else []
    texts += [text for key in ("messages", "input", "system", "instructions") for text in _texts(body.get(key))]
    return sum(map(tokens, texts))


def _texts(value: object) -> list[str]:
    """All text of a message or a list of them."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, Mapping):
        return _texts(value.get("content", value.get("text")))
    return []
