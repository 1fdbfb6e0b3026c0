"""Anthropic's messages API. It knows no seed, and its SDK no temperature: that is sent as an extra of the body."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.contract import ModelSettings
from agent.llm.base import Reply, Request, Tool, Usage
from agent.llm.sdk import (
    API_KEY,
    BASE_URL,
    TIMEOUT_SECONDS,
    ApiError,
    Refusals,
    arguments_of,
    call,
    http_client,
    labelled,
)

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types import Message


class AnthropicMessages:
    """`LLM` over /v1/messages."""

    def __init__(self, settings: ModelSettings, socket: Path) -> None:
        self._settings = settings
        self._client = _client_for(socket)
        self._refusals = Refusals()

    def complete(self, request: Request) -> Reply:
        """See `LLM.complete`."""
        create: Any = self._client.messages.create  # its overloads can't follow parameters given by name
        fixed = {
            "model": self._settings.name,
            "max_tokens": self._settings.max_output_tokens,
            "system": "\n\n".join(message.text for message in request.messages if message.role == "system"),
            "messages": _turns(request),
            **({"tools": [_tool(request.tool)]} if request.tool else {}),
        }

        def send(given: dict[str, Any]) -> Message:
            return _sent(lambda: create(**fixed, extra_body=given, extra_headers=labelled(request)))

        return _reply(call(self._refusals, self._optional(request), send))

    def _optional(self, request: Request) -> dict[str, Any]:
        optional: dict[str, Any] = {}
        if self._settings.temperature is not None:
            optional["temperature"] = self._settings.temperature
        if request.tool is not None:
            optional["tool_choice"] = {"type": "tool", "name": request.tool.name}
        return optional


def _client_for(socket: Path) -> Anthropic:
    """Return the SDK's client; importing it takes seconds, which only its users pay."""
    from anthropic import Anthropic

    return Anthropic(
        api_key=API_KEY, base_url=BASE_URL, max_retries=0, timeout=TIMEOUT_SECONDS, http_client=http_client(socket)
    )


def _sent(create: Callable[[], object]) -> Message:
    """Make a call; raise `ApiError` for whatever the SDK raises, and for an answer that is no message."""
    from anthropic import APIError, APIStatusError
    from anthropic.types import Message

    try:
        reply = create()
    except APIStatusError as error:
        raise ApiError(error.status_code, _kind(error.body), error.message) from error
    except (APIError, ValueError) as error:  # ValueError: a body that claims to be JSON and is not
        raise ApiError(None, "", f"{type(error).__name__}: {error}") from error
    if not isinstance(reply, Message):
        raise ApiError(None, "", f"the answer is no message: {str(reply)[:200]!r}")
    return reply


def _kind(body: object) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("type") or "") if isinstance(error, dict) else ""


def _turns(request: Request) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.text} for message in request.messages if message.role != "system"]


def _tool(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}


def _reply(message: Message) -> Reply:
    """Read a message: text of its blocks, input of its first tool use. Cached input is input too."""
    counted = message.usage
    read = (counted.input_tokens, counted.cache_creation_input_tokens, counted.cache_read_input_tokens)
    usage = Usage(sum(tokens or 0 for tokens in read), counted.output_tokens or 0)
    blocks = message.content or []
    uses = [block for block in blocks if block.type == "tool_use"]
    arguments = next((found for use in uses if (found := arguments_of(use.input)) is not None), None)
    text = "".join(block.text for block in blocks if block.type == "text")
    return Reply(text, usage, str(message.model or ""), arguments, cut_off=message.stop_reason == "max_tokens")
