"""OpenAI's chat completions, also spoken by most compatible servers."""

from __future__ import annotations

from harness.gateway.prices import TokenUsage
from harness.gateway.providers.base import Api
from harness.gateway.wire.base import Assembler, BadRequest, Json, ReachesOutside, child, children, count
from harness.gateway.wire.openai_errors import openai_error, openai_stream_error
from harness.gateway.wire.parts import check_data_url, check_fields, check_only, check_types, need_list, positive

# fmt: off
_FIELDS = frozenset((
    "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p",
    "top_k", "min_p", "n", "stop", "seed", "frequency_penalty", "presence_penalty", "repetition_penalty",
    "logit_bias", "logprobs", "top_logprobs", "response_format", "tools", "tool_choice", "parallel_tool_calls",
    "functions", "function_call", "reasoning_effort", "verbosity", "user", "metadata", "store",
))
# fmt: on
_MOST_CHOICES = 128


class Chat:
    """POST /v1/chat/completions."""

    api: Api = "chat"

    def check(self, body: Json) -> None:
        check_fields(body, _FIELDS, "chat")
        if body.get("store"):
            raise ReachesOutside("'store' is refused: it would keep state at the provider. Leave it out.")
        for position, message in enumerate(need_list(body, "messages")):
            _check_message(message, f"messages[{position}]")
        if body.get("tools") is not None:
            check_types(body["tools"], {"function": None, "custom": None}, "tools")

    def most_output_tokens(self, body: Json) -> int | None:
        choices = positive(body, "n") or 1
        if choices > _MOST_CHOICES:
            raise BadRequest(f"'n' is at most {_MOST_CHOICES}, found {choices}.")
        stated = [value for name in ("max_completion_tokens", "max_tokens") if (value := positive(body, name))]
        return choices * max(stated) if stated else None

    def additions(self, body: Json, most_output_tokens: int) -> Json:
        added: Json = {}
        if self.most_output_tokens(body) is None:
            added["max_completion_tokens"] = most_output_tokens // (positive(body, "n") or 1)
        if body.get("stream"):
            added["stream_options"] = {**child(body, "stream_options"), "include_usage": True}
        return added

    def usage(self, response: Json) -> TokenUsage | None:
        reported = child(response, "usage")
        if not reported:
            return None
        return TokenUsage(
            input=count(reported.get("prompt_tokens")),
            output=count(reported.get("completion_tokens")),
            cached_input=count(child(reported, "prompt_tokens_details").get("cached_tokens")),
        )

    def assembler(self) -> Assembler:
        return ChatAssembler()

    def only_usage(self, event: Json) -> bool:
        return event.get("choices") == [] and isinstance(event.get("usage"), dict)

    def error(self, status: int, code: str, message: str) -> Json:
        return openai_error(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        return openai_stream_error(code, message)


def _check_message(message: object, where: str) -> None:
    if not isinstance(message, dict):
        raise BadRequest(f"{where} must be an object, found {type(message).__name__}.")
    if message.get("audio") is not None:
        raise ReachesOutside(f"{where}.audio is refused: it names audio kept at the provider.")
    content = message.get("content")
    if content is not None and not isinstance(content, str):
        check_types(content, _PARTS, f"{where}.content")


def _check_image(part: Json, where: str) -> None:
    check_data_url(child(part, "image_url").get("url"), f"{where}.image_url.url")


def _check_file(part: Json, where: str) -> None:
    check_only(child(part, "file"), frozenset({"file_data", "filename"}), f"{where}.file")


_PARTS = {"text": None, "refusal": None, "image_url": _check_image, "input_audio": None, "file": _check_file}


class ChatAssembler:
    """Joins chunks by choice, and tool calls by their index."""

    def __init__(self) -> None:
        self._head: Json = {}
        self._choices: dict[int, Json] = {}
        self._usage: object = None

    def feed(self, event: Json) -> None:
        if not self._head:
            self._head = {name: value for name, value in event.items() if name not in ("choices", "usage", "object")}
        if event.get("usage"):
            self._usage = event["usage"]
        for choice in children(event, "choices"):
            self._add(choice)

    def message(self) -> Json | None:
        if not self._head:
            return None
        choices = [self._choices[index] for index in sorted(self._choices)]
        return {**self._head, "object": "chat.completion", "choices": choices, "usage": self._usage}

    def complete(self) -> bool:
        return bool(self._choices) and all(choice["finish_reason"] for choice in self._choices.values())

    def _add(self, choice: Json) -> None:
        index = count(choice.get("index"))
        known = self._choices.setdefault(
            index, {"index": index, "message": {"role": "assistant", "content": None}, "finish_reason": None}
        )
        known["finish_reason"] = choice.get("finish_reason") or known["finish_reason"]
        message = known["message"]
        for name, value in child(choice, "delta").items():
            if name == "tool_calls":
                _add_tool_calls(message.setdefault("tool_calls", []), children(choice["delta"], name))
            elif name == "role":
                message["role"] = value
            elif isinstance(value, str):
                message[name] = (message.get(name) or "") + value


def _add_tool_calls(known: list[Json], deltas: list[Json]) -> None:
    for delta in deltas:
        index = count(delta.get("index"))
        while len(known) <= index < 1024:
            known.append({"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
        if index >= len(known):
            continue
        call, function = known[index], child(delta, "function")
        call["id"] = delta.get("id") or call["id"]
        for name in ("name", "arguments"):
            if isinstance(function.get(name), str):
                call["function"][name] += function[name]
