"""What a model takes of what we would like to send it: found out by asking, and remembered.

No API says which parameters a model takes: reasoning models refuse a temperature, older servers the newer names, some
a forced tool, some every tool. So each wish has several ways to be sent, the best first. A refusal (400) that names one
moves on to the next way, and the last is to leave it out. What was learned is kept once a call went through, so that a
request that is wrong by itself teaches nothing. Every attempt is a call of its own: the transcript shows what was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from agent.llm.base import Reply, Request, Tool
from agent.llm.sdk import ApiError, end_of

Answers = Literal["tool", "schema", "text"]
T = TypeVar("T")

_SMALLEST_LIMIT = 256
_LIMIT_NAMES = re.compile(r"max_(?:completion_|output_|new_)?tokens|maximum allowed number of output tokens")
_TOO_LARGE = re.compile(r"too (?:large|high|big|many)|at most|exceed|less than|[<>]=? ?\d", re.IGNORECASE)
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_JSON_ONLY = "\n\nAnswer with ONE JSON object and nothing else. It must fit this JSON schema:\n"


@dataclass(frozen=True)
class Way:
    """One way to send a wish: fields of the body, an addition to the prompt, or the system's words among the user's."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    merge_system: bool = False


@dataclass(frozen=True)
class Wish:
    """Something optional. `words` is what a refusal of it says; after the last way it is left out."""

    name: str
    words: str
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Given:
    """What is sent this time."""

    fields: dict[str, Any]
    hint: str
    merge_system: bool


@dataclass
class Taken:
    """What one model is known to take; may be used by several threads, whose lessons add up."""

    _ways: dict[str, int] = field(default_factory=dict)
    _most: int | None = None
    _ignores_tools: bool = False

    def call(self, limit: int, wishes: Callable[[int], Sequence[Wish]], send: Callable[[Given], T]) -> T:
        """Send until it is taken or refused for good; `wishes` are made anew for a smaller limit of output tokens."""
        trial = Taken(dict(self._ways), self._most)
        most = limit if self._most is None else min(limit, self._most)
        while True:
            wanted = wishes(most)
            try:
                answer = send(trial._given(wanted))
            except ApiError as error:
                smaller = smaller_limit(error, most)
                if smaller is not None:
                    most = smaller
                    trial._remember(error, most)
                elif not trial._learn(wanted, error):
                    raise end_of(error) from error
            else:
                self._keep(trial)
                return answer

    def answers(self, wanted: Answers) -> Answers:
        """How arguments are asked for: a model that wrote prose in place of a call is held to a schema from then on."""
        return "schema" if wanted == "tool" and self._ignores_tools else wanted

    def note(self, request: Request, reply: Reply) -> Reply:
        """Learn from a reply whether a tool that was asked for was called; return the reply."""
        if request.tool is not None and reply.stop == "done" and reply.tool_arguments is None and reply.text.strip():
            self._ignores_tools = True
        return reply

    def _given(self, wishes: Sequence[Wish]) -> Given:
        ways = [wish.ways[at] for wish in wishes if (at := self._ways.get(wish.name, 0)) < len(wish.ways)]
        fields: dict[str, Any] = {}
        for way in ways:
            for name, value in way.fields.items():
                known = fields.get(name)
                fields[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
        return Given(fields, "".join(way.hint for way in ways), any(way.merge_system for way in ways))

    def _learn(self, wishes: Sequence[Wish], error: ApiError) -> bool:
        """Note the first wish that a refusal names; False when it names none that was sent."""
        for wish in wishes:
            at = self._ways.get(wish.name, 0)
            if at < len(wish.ways) and _names(wish, error):
                self._ways[wish.name] = at + 1
                return True
        return False

    def _remember(self, error: ApiError, most: int) -> None:
        """A model's own limit holds for good; room that this prompt left in the context does not."""
        if "context" not in error.message.lower():
            self._most = most

    def _keep(self, trial: Taken) -> None:
        for name, at in trial._ways.items():
            self._ways[name] = max(at, self._ways.get(name, 0))
        if trial._most is not None:
            self._most = trial._most if self._most is None else min(self._most, trial._most)


def smaller_limit(error: ApiError, most: int) -> int | None:
    """Return the limit to try next when a refusal says that the one of output tokens is too large."""
    said = error.message
    if error.status not in (400, 422) or not _LIMIT_NAMES.search(said) or not _TOO_LARGE.search(said):
        return None
    stated = [number for text in re.findall(r"\d[\d,]*", said) if _SMALLEST_LIMIT <= (number := _count(text)) < most]
    smaller = max(stated, default=most // 2)
    return smaller if smaller >= _SMALLEST_LIMIT else None


def effort_wish(effort: str | None, words: str, send: Callable[[str], Mapping[str, Any]]) -> list[Wish]:
    """Ask for a reasoning effort; a model that lacks this one gets the next towards the middle, which all have."""
    if effort is None:
        return []
    at, middle = _EFFORTS.index(effort), _EFFORTS.index("medium")
    step = 1 if at < middle else -1
    ways = [Way(send(_EFFORTS[one])) for one in range(at, middle, step)] or [Way(send(effort))]
    return [Wish("effort", words, tuple(ways))]


def temperature_wish(temperature: float | None) -> list[Wish]:
    """Ask for a temperature."""
    return (
        [] if temperature is None else [Wish("temperature", r"\btemperature\b", (Way({"temperature": temperature}),))]
    )


def answer_wish(
    tool: Tool | None,
    answers: Answers,
    forced: Mapping[str, Any],
    tools: Mapping[str, Any],
    schemas: Sequence[Mapping[str, Any]],
) -> list[Wish]:
    """Ask for arguments: by a forced tool, an offered one, a schema that the answer is held to, or in words alone."""
    if tool is None:
        return []
    hint = _JSON_ONLY + json.dumps(dict(tool.parameters))
    called = [Way({**tools, **forced}), Way(tools)] if answers == "tool" else []
    held = [Way(fields, hint) for fields in schemas] if answers != "text" else []
    words = r"tool|function.?call|response_format|json_schema|json_object|output_config\.format|text\.format|structured"
    return [Wish(f"answer by {answers}", words, (*called, *held, Way({}, hint)))]


def _names(wish: Wish, error: ApiError) -> bool:
    """Whether a refusal is about this wish; OpenRouter says 404 where no server of a model can do what is asked."""
    if error.status not in (400, 404, 422) or (error.status == 404 and "support" not in error.message):
        return False
    return re.search(wish.words, f"{error.parameter} {error.message}", re.IGNORECASE) is not None


def _count(text: str) -> int:
    return int(text.replace(",", "")[:12])
