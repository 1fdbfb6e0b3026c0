"""OpenAI's responses API, without what it keeps or runs at the provider."""

from __future__ import annotations

import orjson

from harness.gateway.prices import TokenUsage
from harness.gateway.providers.base import Api
from harness.gateway.wire.base import Assembler, BadRequest, Json, ReachesOutside, child, count
from harness.gateway.wire.openai_errors import openai_error
from harness.gateway.wire.parts import check_data_url, check_fields, check_only, check_types, need_list, positive

# fmt: off
_FIELDS = frozenset((
    "model", "input", "instructions", "stream", "stream_options", "max_output_tokens", "temperature", "top_p",
    "top_logprobs", "reasoning", "text", "tools", "tool_choice", "parallel_tool_calls", "truncation", "include",
    "user", "metadata", "store", "background",
))
# fmt: on
_INERT_INCLUDES = frozenset({"reasoning.encrypted_content", "message.output_text.logprobs"})
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class Responses:
    """POST /v1/responses."""

    api: Api = "responses"

    def check(self, body: Json) -> None:
        for name in ("previous_response_id", "conversation", "background", "prompt"):
            if body.get(name):
                raise ReachesOutside(f"'{name}' is refused: it names state kept at the provider. Send the whole input.")
        check_fields(body, _FIELDS, "responses")
        if body.get("store"):
            raise ReachesOutside("'store' is refused: it would keep state at the provider. Leave it out or send false.")
        if body.get("tools") is not None:
            check_types(body["tools"], {"function": None, "custom": None}, "tools")
        for wanted in need_list(body, "include") if body.get("include") is not None else []:
            if not isinstance(wanted, str) or wanted not in _INERT_INCLUDES:
                raise ReachesOutside(f"'include' has {wanted!r}, which belongs to a tool that runs at the provider.")
        if not isinstance(body.get("instructions"), str | None):
            raise BadRequest("'instructions' must be text.")
        if not isinstance(body.get("input"), str):
            for position, item in enumerate(need_list(body, "input")):
                _check_item(item, f"input[{position}]")

    def most_output_tokens(self, body: Json) -> int | None:
        return positive(body, "max_output_tokens")

    def additions(self, body: Json, most_output_tokens: int) -> Json:
        added: Json = {"store": False}
        if self.most_output_tokens(body) is None:
            added["max_output_tokens"] = most_output_tokens
        return added

    def usage(self, response: Json) -> TokenUsage | None:
        reported = child(response, "usage")
        if not reported:
            return None
        return TokenUsage(
            input=count(reported.get("input_tokens")),
            output=count(reported.get("output_tokens")),
            cached_input=count(child(reported, "input_tokens_details").get("cached_tokens")),
        )

    def assembler(self) -> Assembler:
        return ResponsesAssembler()

    def only_usage(self, event: Json) -> bool:
        return False

    def error(self, status: int, code: str, message: str) -> Json:
        return openai_error(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        """The API's own event, and beside it the object without which the openai SDK would not raise."""
        event = {"type": "error", "code": code, "message": message, "param": None, "sequence_number": 0}
        event |= openai_error(502, code, message)
        return b"event: error\ndata: " + orjson.dumps(event) + b"\n\n"


def _check_item(item: object, where: str) -> None:
    if isinstance(item, dict) and "type" not in item and "role" in item:
        _check_message(item, where)  # the short form of a message
    else:
        check_types([item], _ITEMS, where)


def _check_message(item: Json, where: str) -> None:
    if not isinstance(item.get("content"), str):
        check_types(item.get("content"), _PARTS, f"{where}.content")


def _check_output(item: Json, where: str) -> None:
    if not isinstance(item.get("output"), str):
        check_types(item.get("output"), _PARTS, f"{where}.output")


def _check_image(part: Json, where: str) -> None:
    check_only(part, frozenset({"type", "image_url", "detail"}), where)
    check_data_url(part.get("image_url"), f"{where}.image_url")


def _check_file(part: Json, where: str) -> None:
    check_only(part, frozenset({"type", "file_data", "filename"}), where)


_PARTS = {
    "input_text": None,
    "output_text": None,
    "text": None,
    "refusal": None,
    "input_image": _check_image,
    "input_file": _check_file,
}
_ITEMS = {
    "message": _check_message,
    "function_call": None,
    "function_call_output": _check_output,
    "custom_tool_call": None,
    "custom_tool_call_output": _check_output,
    "reasoning": None,
}


class ResponsesAssembler:
    """The stream's last event carries the whole response; until then, the finished items stand for it."""

    def __init__(self) -> None:
        self._response: Json | None = None
        self._items: list[object] = []
        self._complete = False

    def feed(self, event: Json) -> None:
        kind = event.get("type")
        if isinstance(event.get("response"), dict):
            self._response = event["response"]
            self._complete = kind in _ENDS
        elif kind == "response.output_item.done":
            self._items.append(event.get("item"))

    def message(self) -> Json | None:
        if self._response is None or self._complete:
            return self._response
        return {**self._response, "output": self._items}

    def complete(self) -> bool:
        return self._complete
