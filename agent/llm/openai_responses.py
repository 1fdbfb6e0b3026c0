"""OpenAI's responses API. It knows no seed; nothing is stored at the provider."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.contract import ModelSettings
from agent.llm.base import Reply, Request, Tool, Usage
from agent.llm.openai_client import client_for, sent
from agent.llm.sdk import Refusals, arguments_of, call, labelled

if TYPE_CHECKING:
    from openai.types.responses import Response


class OpenAIResponses:
    """`LLM` over /v1/responses."""

    def __init__(self, settings: ModelSettings, socket: Path) -> None:
        self._settings = settings
        self._client = client_for(socket)
        self._refusals = Refusals()

    def complete(self, request: Request) -> Reply:
        """See `LLM.complete`."""
        from openai.types.responses import Response

        create: Any = self._client.responses.create  # its overloads can't follow parameters given by name
        fixed = {
            "model": self._settings.name,
            "input": [{"role": message.role, "content": message.text} for message in request.messages],
            "store": False,
            **({"tools": [_tool(request.tool)]} if request.tool else {}),
        }

        def send(given: dict[str, Any]) -> Response:
            return sent(lambda: create(**fixed, **given, extra_headers=labelled(request)), Response)

        return _reply(call(self._refusals, self._optional(request), send))

    def _optional(self, request: Request) -> dict[str, Any]:
        optional: dict[str, Any] = {"max_output_tokens": self._settings.max_output_tokens}
        if self._settings.temperature is not None:
            optional["temperature"] = self._settings.temperature
        if request.tool is not None:
            optional["tool_choice"] = {"type": "function", "name": request.tool.name}
        return optional


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
        "strict": True,
    }


def _reply(response: Response) -> Reply:
    """Read a response: text of its messages, arguments of its first function call."""
    counted = response.usage
    usage = Usage(counted.input_tokens or 0, counted.output_tokens or 0) if counted else Usage()
    items = response.output or []
    calls = [item for item in items if item.type == "function_call"]
    arguments = next((found for one in calls if (found := arguments_of(one.arguments)) is not None), None)
    parts = [part for item in items if item.type == "message" for part in item.content or ()]
    text = "".join(part.text if part.type == "output_text" else part.refusal for part in parts)
    cut_off = response.incomplete_details is not None and response.incomplete_details.reason == "max_output_tokens"
    return Reply(text, usage, str(response.model or ""), arguments, cut_off)
