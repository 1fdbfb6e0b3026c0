"""Anthropic's messages API, and its token counter."""

from __future__ import annotations

from typing import Any

import orjson

from harness.gateway.prices import TokenUsage
from harness.gateway.providers.base import Api
from harness.gateway.wire.base import Assembler, BadRequest, Json, ReachesOutside, child, count
from harness.gateway.wire.parts import check_fields, check_only, check_types, need_list, positive

# fmt: off
_FIELDS = frozenset((
    "model", "messages", "system", "max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "tools",
    "tool_choice", "thinking", "output_config", "output_format", "metadata", "cache_control",
))
# fmt: on
_KIND = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Messages:
    """POST /v1/messages."""

    api: Api = "messages"

    def check(self, body: Json) -> None:
        check_fields(body, _FIELDS, "messages")
        for position, tool in enumerate(need_list(body, "tools") if body.get("tools") is not None else []):
            _check_tool(tool, f"tools[{position}]")
        if not isinstance(body.get("system"), str | None):
            check_types(body["system"], {"text": None}, "system")
        for position, message in enumerate(need_list(body, "messages")):
            _check_message(message, f"messages[{position}]")

    def most_output_tokens(self, body: Json) -> int | None:
        return positive(body, "max_tokens")

    def additions(self, body: Json, most_output_tokens: int) -> Json:
        return {} if self.most_output_tokens(body) else {"max_tokens": most_output_tokens}

    def usage(self, response: Json) -> TokenUsage | None:
        reported = child(response, "usage")
        if not reported:
            return None
        read = count(reported.get("cache_read_input_tokens"))
        long_lived = count(child(reported, "cache_creation").get("ephemeral_1h_input_tokens"))
        written = max(count(reported.get("cache_creation_input_tokens")), long_lived)
        return TokenUsage(
            input=count(reported.get("input_tokens")) + read + written,
            output=count(reported.get("output_tokens")),
            cached_input=read,
            cache_write=written - long_lived,
            cache_write_1h=long_lived,
        )

    def assembler(self) -> Assembler:
        return MessagesAssembler()

    def only_usage(self, event: Json) -> bool:
        return False

    def error(self, status: int, code: str, message: str) -> Json:
        own = code in ("budget_exhausted", "replay_miss")
        kind = code if own else _KIND.get(status, "invalid_request_error" if status < 500 else "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}}

    def stream_error(self, code: str, message: str) -> bytes:
        return b"event: error\ndata: " + orjson.dumps(self.error(502, code, message)) + b"\n\n"


class CountTokens(Messages):
    """POST /v1/messages/count_tokens: free at the provider, so it reserves and reports nothing."""

    def most_output_tokens(self, body: Json) -> int | None:
        return 0

    def additions(self, body: Json, most_output_tokens: int) -> Json:
        return {}

    def usage(self, response: Json) -> TokenUsage | None:
        return TokenUsage()


def _check_tool(tool: object, where: str) -> None:
    if not isinstance(tool, dict) or tool.get("type") not in (None, "custom"):
        kind = tool.get("type") if isinstance(tool, dict) else tool
        raise ReachesOutside(
            f"{where} has the type {kind!r}, which is refused: only tools with an input_schema of your own pass."
        )


def _check_message(message: object, where: str) -> None:
    if not isinstance(message, dict):
        raise BadRequest(f"{where} must be an object, found {type(message).__name__}.")
    _check_content(message, where)


def _check_content(part: Json, where: str) -> None:
    content = part.get("content")
    if content is not None and not isinstance(content, str):
        check_types(content, _PARTS, f"{where}.content")


def _check_source(part: Json, where: str) -> None:
    source = child(part, "source")
    if source.get("type") not in ("base64", "text", "content"):
        raise ReachesOutside(
            f"{where}.source has the type {source.get('type')!r}, which is refused: send the data itself "
            "(base64, text or content), not an address or a file id."
        )
    check_only(source, frozenset({"type", "media_type", "data", "content"}), f"{where}.source")
    _check_content(source, f"{where}.source")


_PARTS = {
    "text": None,
    "image": _check_source,
    "document": _check_source,
    "tool_use": None,
    "tool_result": _check_content,
    "thinking": None,
    "redacted_thinking": None,
}


class MessagesAssembler:
    """Builds the content blocks by their index; usage comes with the first and the last events."""

    def __init__(self) -> None:
        self._message: Json | None = None
        self._blocks: dict[int, Json] = {}
        self._json_parts: dict[int, list[str]] = {}
        self._complete = False

    def feed(self, event: Json) -> None:
        match event.get("type"):
            case "message_start":
                self._message = {**child(event, "message")}
            case "content_block_start":
                self._blocks[count(event.get("index"))] = {**child(event, "content_block")}
            case "content_block_delta":
                self._add(count(event.get("index")), child(event, "delta"))
            case "message_delta" if self._message is not None:
                self._message.update(child(event, "delta"))
                self._message["usage"] = {**child(self._message, "usage"), **child(event, "usage")}
            case "message_stop":
                self._complete = True

    def message(self) -> Json | None:
        if self._message is None:
            return None
        content = [{**self._blocks[index], **self._input(index)} for index in sorted(self._blocks)]
        return {**self._message, "content": content}

    def complete(self) -> bool:
        return self._complete

    def _add(self, index: int, delta: Json) -> None:
        block = self._blocks.setdefault(index, {})
        for name in ("text", "thinking", "signature"):
            if isinstance(delta.get(name), str):
                block[name] = (block.get(name) or "") + delta[name]
        if isinstance(delta.get("partial_json"), str):
            self._json_parts.setdefault(index, []).append(delta["partial_json"])

    def _input(self, index: int) -> dict[str, Any]:
        text = "".join(self._json_parts.get(index, []))
        if not text:
            return {}
        try:
            return {"input": orjson.loads(text)}
        except orjson.JSONDecodeError:
            return {"input": text}  # a stream that was cut inside a tool call
