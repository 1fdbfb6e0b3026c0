"""The offline coder behind the real wire formats, streamed or not, so that clients can't tell it from an API.

Usage is counted at four characters a token, as a model's would roughly be; it costs nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from harness.gateway.providers.base import ProviderRequest, ProviderResponse, Traits
from harness.gateway.providers.render import RENDERERS, Renderer, Reply
from harness.gateway.wire.base import Json
from harness.gateway.wire.normal import Conversation, conversation, text_of

_EMBEDDING_SIZE = 64


class Answer(Protocol):
    """What the coder says: text, or a tool's name with its arguments."""

    @property
    def text(self) -> str: ...
    @property
    def tool_name(self) -> str | None: ...
    @property
    def tool_arguments(self) -> dict[str, Any] | None: ...


class Coder(Protocol):
    """Anything that answers a chat deterministically."""

    def answer(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], seed: int
    ) -> Answer: ...


@dataclass(frozen=True)
class OfflineProvider:
    """Wraps a coder as a provider. `seed` stands in where an API has no seed of its own."""

    coder: Coder
    seed: int = 0
    name: str = "offline"
    traits: Traits = field(default_factory=lambda: Traits(live=False, models=frozenset({"offline"})))

    async def send(self, request: ProviderRequest) -> ProviderResponse:
        body = request.body or {}
        if request.api == "embeddings":
            return _json(_embeddings(body))
        asked = conversation(request.api, body)
        if request.path.endswith("/count_tokens"):
            return _json({"input_tokens": _input_tokens(asked)})
        renderer = RENDERERS[request.api]
        reply = await asyncio.to_thread(self._reply, asked, str(body.get("model")))
        if request.stream:
            return _stream(renderer, reply)
        return _json(renderer.whole(reply))

    async def aclose(self) -> None:
        """Nothing to close."""

    def _reply(self, asked: Conversation, model: str) -> Reply:
        answer = self.coder.answer(asked.messages, asked.tools, self.seed if asked.seed is None else asked.seed)
        arguments = None if answer.tool_name is None else json.dumps(answer.tool_arguments or {})
        spoken = answer.text + (arguments or "")
        return Reply(
            identity=hashlib.sha256(orjson.dumps([asked.messages, spoken])).hexdigest()[:24],
            model=model,
            text=answer.text,
            tool_name=answer.tool_name,
            tool_arguments=arguments,
            input_tokens=_input_tokens(asked),
            output_tokens=_tokens(spoken),
        )


def _input_tokens(asked: Conversation) -> int:
    return sum(4 + _tokens(text_of(message)) for message in asked.messages) + _tokens(json.dumps(asked.tools))


def _tokens(text: str) -> int:
    return max(1, (len(text) + 3) // 4)


def _json(value: Json) -> ProviderResponse:
    return ProviderResponse(200, {"content-type": "application/json"}, orjson.dumps(value))


def _stream(renderer: Renderer, reply: Reply) -> ProviderResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for event in renderer.events(reply):
            yield event

    return ProviderResponse(200, {"content-type": "text/event-stream"}, chunks())


def _embeddings(body: Json) -> Json:
    """Vectors from a hash: alike for like text, without meaning."""
    given = body["input"]
    texts = [given] if isinstance(given, str) or (given and isinstance(given[0], int)) else given
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(str(text))} for index, text in enumerate(texts)
    ]
    used = sum(_tokens(str(text)) for text in texts)
    return {
        "object": "list",
        "model": body.get("model"),
        "data": data,
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def _vector(text: str) -> list[float]:
    digest = hashlib.shake_256(text.encode()).digest(_EMBEDDING_SIZE)
    return [byte / 127.5 - 1.0 for byte in digest]
