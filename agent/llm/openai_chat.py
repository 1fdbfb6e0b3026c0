"""OpenAI's chat completions, which most compatible servers speak too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.contract import ModelSettings
from agent.llm.base import Reply, Request, Tool, Usage
from agent.llm.openai_client import client_for, sent
from agent.llm.sdk import Refusals, arguments_of, call, labelled, text_of

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion


class OpenAIChat:
    """`LLM` over /v1/chat/completions."""

    def __init__(self, settings: ModelSettings, socket: Path) -> None:
        self._settings = settings
        self._client = client_for(socket)
        self._refusals = Refusals(older_names={"max_completion_tokens": "max_tokens"})

    def complete(self, request: Request) -> Reply:
        """See `LLM.complete`."""
        from openai.types.chat import ChatCompletion

        create: Any = self._client.chat.completions.create  # its overloads can't follow parameters given by name
        fixed = {
            "model": self._settings.name,
            "messages": [{"role": message.role, "content": message.text} for message in request.messages],
            **({"tools": [_tool(request.tool)]} if request.tool else {}),
        }

        def send(given: dict[str, Any]) -> ChatCompletion:
            return sent(lambda: create(**fixed, **given, extra_headers=labelled(request)), ChatCompletion)

        return _reply(call(self._refusals, self._optional(request), send))

    def _optional(self, request: Request) -> dict[str, Any]:
        optional: dict[str, Any] = {"max_completion_tokens": self._settings.max_output_tokens, "seed": request.seed}
        if self._settings.temperature is not None:
            optional["temperature"] = self._settings.temperature
        if request.tool is not None:
            optional["tool_choice"] = {"type": "function", "function": {"name": request.tool.name}}
        return optional


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _reply(completion: ChatCompletion) -> Reply:
    """Read a completion; servers leave out choices, contents and usage."""
    counted = completion.usage
    usage = Usage(counted.prompt_tokens or 0, counted.completion_tokens or 0) if counted else Usage()
    if not completion.choices:
        return Reply("", usage, completion.model or "")
    choice = completion.choices[0]
    message = choice.message
    calls = [getattr(called, "function", None) for called in message.tool_calls or ()]
    arguments = next((found for one in calls if one and (found := arguments_of(one.arguments)) is not None), None)
    text = text_of(message.content) or message.refusal or ""
    return Reply(text, usage, completion.model or "", arguments, cut_off=choice.finish_reason == "length")
