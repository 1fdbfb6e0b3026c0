"""Writing a finished reply in each API's wire format, whole or as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from harness.gateway.wire.base import Json


@dataclass(frozen=True)
class Reply:
    """What is to be said, and what it counts. `tool_arguments` is JSON text; streams come in pieces of characters."""

    identity: str
    model: str
    text: str
    tool_name: str | None
    tool_arguments: str | None
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0  # Anthropic alone counts them
    piece: int = 400


class Renderer(Protocol):
    """One API's way of writing a reply."""

    def whole(self, reply: Reply) -> Json:
        """The response object."""

    def events(self, reply: Reply) -> Iterator[bytes]:
        """The same as server-sent events."""


class ChatRenderer:
    """OpenAI's chat completions. Streams end with usage, which the gateway always asks for."""

    def whole(self, reply: Reply) -> Json:
        message: Json = {"role": "assistant", "content": reply.text or None, "refusal": None}
        if reply.tool_name is not None:
            message["tool_calls"] = [self._tool_call(reply)]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish(reply)}
        return {**self._head(reply, "chat.completion"), "choices": [choice], "usage": self._usage(reply)}

    def events(self, reply: Reply) -> Iterator[bytes]:
        head = self._head(reply, "chat.completion.chunk")
        deltas: list[Json] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in _pieces(reply.text, reply.piece)]
        if reply.tool_name is not None:
            deltas.append({"tool_calls": [{"index": 0, **self._tool_call(reply)}]})
        for delta in deltas:
            yield _data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}], "usage": None})
        last = {"index": 0, "delta": {}, "finish_reason": self._finish(reply)}
        yield _data({**head, "choices": [last], "usage": None})
        yield _data({**head, "choices": [], "usage": self._usage(reply)})
        yield b"data: [DONE]\n\n"

    def _head(self, reply: Reply, kind: str) -> Json:
        return {"id": f"chatcmpl-{reply.identity}", "object": kind, "created": 0, "model": reply.model}

    def _tool_call(self, reply: Reply) -> Json:
        function = {"name": reply.tool_name, "arguments": reply.tool_arguments}
        return {"id": f"call_{reply.identity}", "type": "function", "function": function}

    def _finish(self, reply: Reply) -> str:
        return "stop" if reply.tool_name is None else "tool_calls"

    def _usage(self, reply: Reply) -> Json:
        total = reply.input_tokens + reply.output_tokens
        return {
            "prompt_tokens": reply.input_tokens,
            "prompt_tokens_details": {"cached_tokens": reply.cached_input_tokens},
            "completion_tokens": reply.output_tokens,
            "total_tokens": total,
        }


class ResponsesRenderer:
    """OpenAI's responses."""

    def whole(self, reply: Reply) -> Json:
        return {**self._head(reply), "status": "completed", "output": self._items(reply), "usage": self._usage(reply)}

    def events(self, reply: Reply) -> Iterator[bytes]:
        started = {**self._head(reply), "status": "in_progress", "output": [], "usage": None}
        events: list[Json] = [{"type": "response.created", "response": started}]
        for position, item in enumerate(self._items(reply)):
            events += self._item_events(position, item, reply.piece)
        events.append({"type": "response.completed", "response": self.whole(reply)})
        for number, event in enumerate(events):
            yield _named({**event, "sequence_number": number})

    def _item_events(self, position: int, item: Json, size: int) -> list[Json]:
        at: Json = {"output_index": position, "item_id": item["id"]}
        if item["type"] == "function_call":
            body: list[Json] = [
                {"type": "response.function_call_arguments.delta", **at, "delta": item["arguments"]},
                {"type": "response.function_call_arguments.done", **at, "arguments": item["arguments"]},
            ]
            opened = {**item, "arguments": "", "status": "in_progress"}
        else:
            body = self._text_events({**at, "content_index": 0}, item["content"][0], size)
            opened = {**item, "content": [], "status": "in_progress"}
        first = {"type": "response.output_item.added", "output_index": position, "item": opened}
        return [first, *body, {"type": "response.output_item.done", "output_index": position, "item": item}]

    def _text_events(self, at: Json, part: Json, size: int) -> list[Json]:
        text = part["text"]
        pieces = _pieces(text, size)
        return [
            {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
            *({"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []} for piece in pieces),
            {"type": "response.output_text.done", **at, "text": text, "logprobs": []},
            {"type": "response.content_part.done", **at, "part": part},
        ]

    def _items(self, reply: Reply) -> list[Json]:
        items: list[Json] = []
        if reply.text or reply.tool_name is None:
            part = {"type": "output_text", "text": reply.text, "annotations": []}
            items.append(
                {
                    "type": "message",
                    "id": f"msg_{reply.identity}",
                    "role": "assistant",
                    "status": "completed",
                    "content": [part],
                }
            )
        if reply.tool_name is not None:
            items.append(
                {
                    "type": "function_call",
                    "id": f"fc_{reply.identity}",
                    "call_id": f"call_{reply.identity}",
                    "name": reply.tool_name,
                    "arguments": reply.tool_arguments,
                    "status": "completed",
                }
            )
        return items

    def _head(self, reply: Reply) -> Json:
        return {
            "id": f"resp_{reply.identity}",
            "object": "response",
            "created_at": 0,
            "model": reply.model,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": True,
            "temperature": None,
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
        }

    def _usage(self, reply: Reply) -> Json:
        return {
            "input_tokens": reply.input_tokens,
            "input_tokens_details": {"cached_tokens": reply.cached_input_tokens},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": reply.input_tokens + reply.output_tokens,
        }


class MessagesRenderer:
    """Anthropic's messages."""

    def whole(self, reply: Reply) -> Json:
        return {
            **self._head(reply),
            "content": self._blocks(reply),
            "stop_reason": self._stop(reply),
            "usage": self._usage(reply, reply.output_tokens),
        }

    def events(self, reply: Reply) -> Iterator[bytes]:
        start = {**self._head(reply), "content": [], "stop_reason": None, "usage": self._usage(reply, 1)}
        yield _named({"type": "message_start", "message": start})
        for index, block in enumerate(self._blocks(reply)):
            yield from self._block_events(index, block, reply)
        delta = {"stop_reason": self._stop(reply), "stop_sequence": None}
        yield _named({"type": "message_delta", "delta": delta, "usage": {"output_tokens": reply.output_tokens}})
        yield _named({"type": "message_stop"})

    def _block_events(self, index: int, block: Json, reply: Reply) -> Iterator[bytes]:
        is_text = block["type"] == "text"
        empty = {**block, "text": ""} if is_text else {**block, "input": {}}
        yield _named({"type": "content_block_start", "index": index, "content_block": empty})
        for piece in _pieces(reply.text if is_text else reply.tool_arguments or "", reply.piece):
            delta = {"type": "text_delta", "text": piece} if is_text else _json_delta(piece)
            yield _named({"type": "content_block_delta", "index": index, "delta": delta})
        yield _named({"type": "content_block_stop", "index": index})

    def _blocks(self, reply: Reply) -> list[Json]:
        blocks: list[Json] = [{"type": "text", "text": reply.text}] if reply.text else []
        if reply.tool_name is not None:
            given: Any = orjson.loads(reply.tool_arguments or "{}")
            blocks.append(
                {"type": "tool_use", "id": f"toolu_{reply.identity}", "name": reply.tool_name, "input": given}
            )
        return blocks

    def _usage(self, reply: Reply, output_tokens: int) -> Json:
        """Anthropic counts what came from the cache, and what was put there, apart from the input."""
        return {
            "input_tokens": reply.input_tokens - reply.cached_input_tokens - reply.cache_write_tokens,
            "cache_read_input_tokens": reply.cached_input_tokens,
            "cache_creation_input_tokens": reply.cache_write_tokens,
            "output_tokens": output_tokens,
        }

    def _head(self, reply: Reply) -> Json:
        return {
            "id": f"msg_{reply.identity}",
            "type": "message",
            "role": "assistant",
            "model": reply.model,
            "stop_sequence": None,
        }

    def _stop(self, reply: Reply) -> str:
        return "end_turn" if reply.tool_name is None else "tool_use"


RENDERERS: dict[str, Renderer] = {
    "chat": ChatRenderer(),
    "responses": ResponsesRenderer(),
    "messages": MessagesRenderer(),
}


def _json_delta(piece: str) -> Json:
    return {"type": "input_json_delta", "partial_json": piece}


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _data(event: Json) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"


def _named(event: Json) -> bytes:
    return f"event: {event['type']}\n".encode() + _data(event)
