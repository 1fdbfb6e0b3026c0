"""OpenAI's chat completions, which most compatible servers speak too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.contract import ModelSettings
from agent.llm.base import Message, Reply, Request, Stop, Tool, Usage
from agent.llm.openai_client import client_for, sent
from agent.llm.parameters import Answers, Given, Taken, Way, Wish, answer_wish, effort_wish, temperature_wish
from agent.llm.sdk import arguments_of, hinted, labelled, text_of

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

_STOPS: dict[str | None, Stop] = {"length": "cut_off", "content_filter": "declined", "error": "failed"}


class OpenAIChat:
    """`LLM` over /v1/chat/completions."""

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
        from openai.types.chat import ChatCompletion

        create: Any = self._client.chat.completions.create  # its overloads can't follow parameters given by name

        def send(given: Given) -> ChatCompletion:
            messages = hinted(request.messages, given.hint)
            turns = _merged(messages) if given.merge_system else messages
            spoken = [{"role": message.role, "content": message.text} for message in turns]
            return sent(
                lambda: create(
                    model=self._settings.name, messages=spoken, **given.fields, extra_headers=labelled(request)
                ),
                ChatCompletion,
            )

        limit = self._settings.max_output_tokens
        answer = self._taken.call(limit, lambda most: self._wishes(request, most), send)
        return self._taken.note(request, _reply(answer))

    def _wishes(self, request: Request, most: int) -> list[Wish]:
        newer, older = Way({"max_completion_tokens": most}), Way({"max_tokens": most})
        limits = (older, newer) if self._settings.older_limit else (newer, older)
        return [
            *_answer(request.tool, self._taken.answers(self._settings.answers)),
            Wish("limit", r"\bmax_(?:completion_)?tokens\b", limits),
            *temperature_wish(self._settings.temperature),
            Wish("seed", r"\bseed\b", (Way({"seed": request.seed}),)),
            *effort_wish(self._settings.reasoning_effort, r"reasoning|effort", lambda one: {"reasoning_effort": one}),
            Wish("system", r"\bsystem\b", (Way(), Way(merge_system=True))),  # the last: other refusals say it, too
        ]


def _answer(tool: Tool | None, answers: Answers) -> list[Wish]:
    if tool is None:
        return []
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    schema = {"name": tool.name, "schema": dict(tool.parameters), "strict": True}
    return answer_wish(
        tool,
        answers,
        forced={"tool_choice": {"type": "function", "function": {"name": tool.name}}},
        tools={"tools": [{"type": "function", "function": function}]},
        schemas=[
            {"response_format": {"type": "json_schema", "json_schema": schema}},
            {"response_format": {"type": "json_object"}},
        ],
    )


def _merged(messages: list[Message]) -> list[Message]:
    """Join the system's words to the first turn of the user: some models' templates know no system."""
    system = "\n\n".join(message.text for message in messages if message.role == "system")
    first, *others = [message for message in messages if message.role != "system"]
    return [Message(first.role, f"{system}\n\n{first.text}"), *others] if system else [first, *others]


def _reply(completion: ChatCompletion) -> Reply:
    """Read a completion; servers leave out choices, contents and usage, and some report an error in their place."""
    model = str(getattr(completion, "model", None) or "")
    counted = getattr(completion, "usage", None)
    usage = Usage(counted.prompt_tokens or 0, counted.completion_tokens or 0) if counted else Usage()
    choices = getattr(completion, "choices", None)
    if not choices or choices[0].message is None:
        return Reply("", usage, model, stop="failed", why=_error_in(completion) or "the reply holds no choice")
    choice = choices[0]
    message = choice.message
    calls = [getattr(called, "function", None) for called in message.tool_calls or ()]
    arguments = next((found for one in calls if one and (found := arguments_of(one.arguments)) is not None), None)
    stop = "declined" if message.refusal else _STOPS.get(choice.finish_reason, "done")
    why = message.refusal or _error_in(choice) or ""
    return Reply(text_of(message.content) or message.refusal or "", usage, model, arguments, stop, why)


def _error_in(value: object) -> str:
    """The words of an error that came with status 200, as routers of many providers send it."""
    error = getattr(value, "error", None)
    return str(error.get("message") or error) if isinstance(error, dict) else str(error or "")
