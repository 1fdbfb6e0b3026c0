"""One question to a model from the host's side, in any wire format, with the gateway's budget and transcript.

The answer is the arguments of the one tool that is offered; where a provider refuses to be forced to a tool, it is
asked once more for the same as JSON. Whatever comes back is somebody else's text: parsed here, validated by the caller.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from harness.contract import LABEL_HEADER, ModelSettings
from harness.errors import InfrastructureError, UserError
from harness.gateway.forward import ModelCalls
from harness.gateway.wire import WIRES
from harness.gateway.wire.normal import answer, text_of

PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
LONGEST_ERROR = 300
OVER_BUDGET, REFUSED, MISSING = 402, (400, 422), 404


class Tool(NamedTuple):
    """What is asked for: a function with the schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class OverBudget(Exception):
    """The budget has no room for the call."""


async def ask(calls: ModelCalls, settings: ModelSettings, system: str, text: str, tool: Tool, label: str) -> Any:
    """Ask; return the arguments as they came, None where the answer holds none.

    Raise `OverBudget`, `InfrastructureError` where no answer can be had, `UserError` for a recording without the call.
    """
    status, body = await _send(calls, settings, _body(settings, system, text, tool), label)
    if status in REFUSED:
        plain = f"{text}\n\nAnswer with one JSON object of this schema, and nothing else: {json.dumps(tool.parameters)}"
        status, body = await _send(calls, settings, _body(settings, system, plain, None), label)
    if status == OVER_BUDGET:
        raise OverBudget(_message(body))
    if status == MISSING:
        raise UserError(f"the model's side has no answer to this: {_message(body)}")
    if status >= 400:
        raise InfrastructureError(f"{settings.name} gave no answer (HTTP {status}): {_message(body)}")
    return _arguments(answer(settings.api, _object(body)))


async def _send(calls: ModelCalls, settings: ModelSettings, body: Mapping[str, Any], label: str) -> tuple[int, bytes]:
    path = PATHS[settings.api]
    response = await calls.answer(WIRES[path], path, orjson.dumps(body), {LABEL_HEADER: label})
    return response.status_code, bytes(response.body)


def _body(settings: ModelSettings, system: str, text: str, tool: Tool | None) -> dict[str, Any]:
    """The request in the model's own format; without a tool, for text."""
    name, most = settings.name, settings.max_output_tokens
    sampling = {} if settings.temperature is None else {"temperature": settings.temperature}
    user = {"role": "user", "content": text}
    function = {} if tool is None else {"name": tool.name, "description": tool.description}
    schema = {} if tool is None else dict(tool.parameters)
    offered: dict[str, Any] = {}
    if settings.api == "chat":
        if tool is not None:
            chosen = {"type": "function", "function": {"name": tool.name}}
            offered = {"tools": [{"type": "function", "function": {**function, "parameters": schema}}]}
            offered["tool_choice"] = chosen
        limit = "max_tokens" if settings.older_limit else "max_completion_tokens"
        messages = [{"role": "system", "content": system}, user]
        return {"model": name, "messages": messages, limit: most, **sampling, **offered}
    if settings.api == "responses":
        if tool is not None:
            offered = {"tools": [{"type": "function", **function, "parameters": schema, "strict": True}]}
            offered["tool_choice"] = {"type": "function", "name": tool.name}
        asked = {"instructions": system, "input": [user], "max_output_tokens": most, "store": False}
        return {"model": name, **asked, **sampling, **offered}
    if tool is not None:
        offered = {"tools": [{**function, "input_schema": schema}], "tool_choice": {"type": "tool", "name": tool.name}}
    return {"model": name, "system": system, "messages": [user], "max_tokens": most, **sampling, **offered}


def _arguments(message: Mapping[str, Any]) -> Any:
    """The arguments of the first tool call, else the first JSON object in the text."""
    for call in message.get("tool_calls") or ():
        try:
            return json.loads(call["function"]["arguments"])
        except (ValueError, KeyError, TypeError):
            continue
    text = text_of(dict(message))
    start = text.find("{")
    while start >= 0:
        try:
            return json.JSONDecoder().raw_decode(text, start)[0]
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
    return None


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _message(body: bytes) -> str:
    found = _object(body).get("error")
    words = found.get("message") if isinstance(found, dict) else found
    return str(words or body[:LONGEST_ERROR].decode("utf-8", "replace"))[:LONGEST_ERROR]
