"""OpenAI's responses API. It knows no seed; nothing is stored at the provider."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.contract import ModelSettings
from agent.llm.base import Reply, Request, Stop, Tool, Usage
from agent.llm.openai_client import client_for, sent
from agent.llm.parameters import Answers, Given, Taken, Way, Wish, answer_wish, effort_wish, temperature_wish
from agent.llm.sdk import arguments_of, hinted, labelled

if TYPE_CHECKING:
    from openai.types.responses import Response

_STOPS: dict[str | None, Stop] = {"max_output_tokens": "cut_off", "content_filter": "declined"}


class OpenAIResponses:
    """`LLM` over /v1/responses."""

    def __init__(self, settings: ModelSettings, socket: Path) -> None:
        self._settings = settings
        self._client = client_for(socket)
        self._taken = Taken()

    @property
    def name(self) -> str:
        """See `LLM.name`."""
        return self._settings.name

    def complete(self, request: Request) -> Reply:
        """See `LLM.complete`."""
        from openai.types.responses import Response

        create: Any = self._client.responses.create  # its overloads can't follow parameters given by name

        def send(given: Given) -> Response:
            messages = hinted(request.messages, given.hint)
            spoken = [{"role": message.role, "content": message.text} for message in messages]
            model = self._settings.name
            return sent(
                lambda: create(model=model, input=spoken, store=False, **given.fields, extra_headers=labelled(request)),
                Response,
            )

        limit = self._settings.max_output_tokens
        answer = self._taken.call(limit, lambda most: self._wishes(request, most), send)
        return self._taken.note(request, _reply(answer))

    def _wishes(self, request: Request, most: int) -> list[Wish]:
        effort = self._settings.reasoning_effort
        return [
            *_answer(request.tool, self._taken.answers(self._settings.answers)),
            Wish("limit", r"\bmax_output_tokens\b", (Way({"max_output_tokens": most}),)),
            *temperature_wish(self._settings.temperature),
            *effort_wish(effort, r"reasoning|effort", lambda one: {"reasoning": {"effort": one}}),
        ]


def _answer(tool: Tool | None, answers: Answers) -> list[Wish]:
    if tool is None:
        return []
    function = {"type": "function", "name": tool.name, "description": tool.description, "strict": True}
    held = {"type": "json_schema", "name": tool.name, "schema": dict(tool.parameters), "strict": True}
    return answer_wish(
        tool,
        answers,
        forced={"tool_choice": {"type": "function", "name": tool.name}},
        tools={"tools": [{**function, "parameters": dict(tool.parameters)}]},
        schemas=[{"text": {"format": held}}],
    )


def _reply(response: Response) -> Reply:
    """Read a response: text of its messages, arguments of its first function call."""
    model, usage = str(getattr(response, "model", None) or ""), _usage(response)
    items = getattr(response, "output", None) or []
    calls = [item for item in items if item.type == "function_call"]
    arguments = next((found for one in calls if (found := arguments_of(one.arguments)) is not None), None)
    parts = [part for item in items if item.type == "message" for part in item.content or ()]
    text = "".join(part.text or "" for part in parts if part.type == "output_text")
    refusal = "".join(part.refusal or "" for part in parts if part.type == "refusal")
    if refusal:
        return Reply(text or refusal, usage, model, arguments, "declined", refusal)
    error = getattr(response, "error", None)
    if error is not None or getattr(response, "status", None) == "failed":
        why = getattr(error, "message", None) or "the provider reports a failure without words"
        return Reply(text, usage, model, arguments, "failed", str(why))
    incomplete = getattr(response, "incomplete_details", None)
    return Reply(text, usage, model, arguments, _STOPS.get(getattr(incomplete, "reason", None), "done"))


def _usage(response: Response) -> Usage:
    counted = getattr(response, "usage", None)
    return Usage(counted.input_tokens or 0, counted.output_tokens or 0) if counted else Usage()
