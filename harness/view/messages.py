"""A model call's request and response as a conversation, whichever wire format it was in.

Knows what OpenAI's chat and responses formats and Anthropic's messages have in common: turns of a role with text. What
it does not know is shown as the JSON it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from harness.view.text import readable, shortened


class Turn(NamedTuple):
    """Somebody's words."""

    role: str
    text: str


def asked(call: Mapping[str, Any]) -> list[Turn]:
    """What was asked."""
    request = call.get("request")
    if not isinstance(request, dict):
        return []
    found = [*_system(request), *_turns(request.get("messages", request.get("input")))]
    return found or [Turn("request", _json(request))]


def answered(call: Mapping[str, Any]) -> list[Turn]:
    """What came back."""
    response = call.get("response")
    if not isinstance(response, dict):
        raw = call.get("raw")
        return [Turn("answer", shortened(readable(raw)))] if isinstance(raw, str) and raw else []
    choices = response.get("choices")
    if isinstance(choices, list):
        said = [choice.get("message") for choice in choices if isinstance(choice, dict)]
        found = list(_turns(said))
    else:
        found = list(_turns([{"role": response.get("role", "assistant"), "content": response.get("content")}]))
        found += _turns(response.get("output"))
    return found or [Turn("answer", _json(response))]


def settings(call: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for beside the words: temperature, token limits, tools' names."""
    request = call.get("request")
    hidden = {"messages", "input", "system", "instructions", "tools"}
    found = {name: value for name, value in request.items() if name not in hidden} if isinstance(request, dict) else {}
    added = call.get("added")
    return {**found, **{f"{name} (set by the gateway)": value for name, value in (added or {}).items()}}


def _system(request: Mapping[str, Any]) -> Iterator[Turn]:
    for name in ("system", "instructions"):
        text = _words(request.get(name))
        if text:
            yield Turn(name, text)


def _turns(messages: Any) -> Iterator[Turn]:
    if isinstance(messages, str):
        yield Turn("user", shortened(readable(messages)))
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, dict):
            text = _words(message.get("content"))
            if text:
                yield Turn(readable(str(message.get("role") or message.get("type") or "–")), text)


def _words(content: Any) -> str:
    """The text of a content, which may be a string or a list of parts."""
    if isinstance(content, str):
        return shortened(readable(content))
    parts = content if isinstance(content, list) else []
    return shortened(readable("\n".join(map(_part, parts))))


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else _json(part)


def _json(value: Any) -> str:
    return shortened(readable(json.dumps(value, indent=2, ensure_ascii=False)))
