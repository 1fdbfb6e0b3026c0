"""Anthropic's messages API. It knows no seed, and its SDK no temperature: that is sent as an extra of the body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.contract import ModelSettings
from agent.llm.base import Message as Turn
from agent.llm.base import Reply, Request, Stop, Tool, Usage
from agent.llm.parameters import Answers, Given, Taken, Way, Wish, answer_wish, temperature_wish
from agent.llm.sdk import (
    API_KEY,
    BASE_URL,
    TIMEOUT_SECONDS,
    ApiError,
    arguments_of,
    hinted,
    http_client,
    labelled,
    words_of,
)

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types import Message

_STOPS: dict[str | None, Stop] = {
    "max_tokens": "cut_off",
    "model_context_window_exceeded": "cut_off",
    "refusal": "declined",
}
_KEPT = {"cache_control": {"type": "ephemeral"}}  # for five minutes; written for a quarter more, read for a tenth
_THINKING_SHARES = {"low": 0.25, "medium": 0.5, "high": 0.75, "xhigh": 0.8, "max": 0.9}  # of the limit on output
_ABOVE_HIGH = ("xhigh", "max")
_ANSWER_TOKENS = 1024  # of the limit that thinking leaves to the answer at least


class AnthropicMessages:
    """`LLM` over /v1/messages."""

    def __init__(self, settings: ModelSettings, socket: Path) -> None:
        self._settings = settings
        self._client = _client_for(socket)
        self._taken = Taken()

    @property
    def name(self) -> str:
        """See `LLM.name`."""
        return self._settings.name

    def complete(self, request: Request) -> Reply:
        """See `LLM.complete`."""
        create: Any = self._client.messages.create  # its overloads can't follow parameters given by name

        def send(given: Given) -> Message:
            optional = dict(given.fields)
            fixed = {
                "model": self._settings.name,
                "max_tokens": optional.pop("max_tokens"),
                "system": _system(request.messages),
                "messages": _turns(hinted(request.messages, given.hint)),
            }
            return _sent(lambda: create(**fixed, extra_body=optional, extra_headers=labelled(request)))

        limit = self._settings.max_output_tokens
        answer = self._taken.call(limit, lambda most: self._wishes(request, most), send)
        return self._taken.note(request, _reply(answer))

    def _wishes(self, request: Request, most: int) -> list[Wish]:
        return [
            *_answer(request.tool, self._taken.answers(self._settings.answers)),
            Wish("limit", r"(?!)", (Way({"max_tokens": most}),)),  # never left out: the API insists on it
            *temperature_wish(self._settings.temperature),
            *_thinking(self._settings.reasoning_effort, most),
        ]


def _answer(tool: Tool | None, answers: Answers) -> list[Wish]:
    if tool is None:
        return []
    return answer_wish(
        tool,
        answers,
        forced={"tool_choice": {"type": "tool", "name": tool.name}},
        tools={"tools": [_tool(tool)]},
        schemas=[{"output_config": {"format": {"type": "json_schema", "schema": dict(tool.parameters)}}}],
    )


def _thinking(effort: str | None, most: int) -> list[Wish]:
    """Ask to think: newer models choose how long by an effort, older ones are given a budget below the limit."""
    if effort is None:
        return []
    words = r"thinking|effort|output_config|budget_tokens"
    if effort == "none":
        return [Wish("effort", words, (Way({"thinking": {"type": "disabled"}}),))]
    named = "low" if effort == "minimal" else effort
    budget = min(int(_THINKING_SHARES[named] * most), most - _ANSWER_TOKENS)
    by_effort = [Way({"thinking": {"type": "adaptive"}, "output_config": {"effort": named}})]
    by_effort += [Way({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}})] * (named in _ABOVE_HIGH)
    by_budget = [Way({"thinking": {"type": "enabled", "budget_tokens": budget}})] if budget >= 1024 else []
    return [Wish("effort", words, (*by_effort, *by_budget))]


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
        raise ApiError(error.status_code, _kind(error.body), words_of(error.body, error.message)) from error
    except (APIError, ValueError) as error:  # ValueError: a body that claims to be JSON and is not
        raise ApiError(None, "", f"{type(error).__name__}: {error}") from error
    if not isinstance(reply, Message):
        raise ApiError(None, "", f"the answer is no message: {str(reply)[:200]!r}")
    return reply


def _kind(body: object) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("type") or "") if isinstance(error, dict) else ""


def _system(messages: Sequence[Turn]) -> str | list[dict[str, Any]]:
    """Return the system text, marked to be kept in the prompt cache where nothing longer is."""
    text = "\n\n".join(message.text for message in messages if message.role == "system")
    longer = any(message.stable_chars for message in messages if message.role != "system")
    stable = any(message.stable_chars for message in messages if message.role == "system")
    return [{"type": "text", "text": text, **_KEPT}] if text and stable and not longer else text


def _turns(messages: Sequence[Turn]) -> list[dict[str, Any]]:
    return [{"role": message.role, "content": _content(message)} for message in messages if message.role != "system"]


def _content(message: Turn) -> str | list[dict[str, Any]]:
    """Split a turn where its stable beginning ends: up to there, tools and system text too, it is to be cached."""
    beginning, rest = message.text[: message.stable_chars], message.text[message.stable_chars :]
    if not beginning.strip():
        return message.text
    return [{"type": "text", "text": beginning, **_KEPT}, *([{"type": "text", "text": rest}] if rest.strip() else [])]


def _tool(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}


def _reply(message: Message) -> Reply:
    """Read a message: text of its blocks, input of its first tool use; what it thought aloud is left out."""
    blocks = getattr(message, "content", None) or []
    uses = [block for block in blocks if block.type == "tool_use"]
    arguments = next((found for use in uses if (found := arguments_of(use.input)) is not None), None)
    text = "".join(block.text or "" for block in blocks if block.type == "text")
    stop = _STOPS.get(getattr(message, "stop_reason", None), "done")
    details = getattr(message, "stop_details", None)
    why = str(getattr(details, "explanation", None) or "") if stop == "declined" else ""
    return Reply(text, _usage(message), str(getattr(message, "model", None) or ""), arguments, stop, why)


def _usage(message: Message) -> Usage:
    """Cached input is input too."""
    counted = getattr(message, "usage", None)
    if counted is None:
        return Usage()
    read = (counted.input_tokens, counted.cache_creation_input_tokens, counted.cache_read_input_tokens)
    return Usage(sum(tokens or 0 for tokens in read), counted.output_tokens or 0)
