"""A model API on loopback for tests and measurements: both wire formats, with every way to fail that was ever seen.

What comes next is scripted; without a script every call is answered. It is a real HTTP server on a port of its own,
so what is tested in front of it is the whole path. Never a provider of a run.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import orjson

from harness.gateway.providers.render import RENDERERS, Reply
from harness.gateway.wire import WIRES
from harness.gateway.wire.base import Json

_STATUS_WORD = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Say:
    """Answer. `pause_seconds` lies before each event of a stream, which holds a `piece` of the text's characters.

    `usage=False` leaves the counts out.
    """

    text: str = "hello"
    tool_name: str | None = None
    tool_arguments: str | None = None
    input_tokens: int = 100
    output_tokens: int = 20
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    pause_seconds: float = 0.0
    piece: int = 400
    usage: bool = True


@dataclass(frozen=True)
class Fail:
    """Answer with an error in the API's shape."""

    status: int
    code: str = "scripted"
    message: str = "scripted failure"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """Break the connection in the middle: after some events of a stream, or inside a plain body."""

    say: Say = Say()
    after_events: int = 2


@dataclass(frozen=True)
class Garbage:
    """Answer 200 with something that is not JSON; in a stream, after the first event."""


@dataclass(frozen=True)
class Raw:
    """Answer with these very bytes, a write each, and close the connection."""

    writes: tuple[bytes, ...]


@dataclass(frozen=True)
class Body:
    """Answer with this very object, whatever the API: for replies as some server really sent them."""

    body: Json
    status: int = 200


@dataclass(frozen=True)
class Drop:
    """Close the connection without an answer."""


@dataclass(frozen=True)
class Hang:
    """Say nothing for a time, then answer."""

    seconds: float


Step = Say | Fail | Cut | Garbage | Raw | Body | Drop | Hang


@dataclass(frozen=True)
class Received:
    """One request as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: Json


class FakeProvider:
    """Serves on `base_url` while the context lasts, from a thread; `received` lists the requests in order."""

    def __init__(self, otherwise: Step | Callable[[Received], Step] = Say()) -> None:
        self.received: list[Received] = []
        self.open_streams = 0
        self._otherwise = otherwise
        self._steps: queue.SimpleQueue[Step] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fake-provider", daemon=True)
        self._port = 0

    @property
    def base_url(self) -> str:
        """The address including the version, as OpenAI's variable has it."""
        return f"http://127.0.0.1:{self._port}/v1"

    def script(self, *steps: Step) -> None:
        """What the next calls get, one each."""
        for step in steps:
            self._steps.put(step)

    def __enter__(self) -> FakeProvider:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (received := await _read_request(reader)) is not None:
                self.received.append(received)
                step = self._unscripted(received) if self._steps.empty() else self._steps.get()
                if not await self._perform(step, received, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the server ends
        finally:
            writer.close()

    def _unscripted(self, received: Received) -> Step:
        return self._otherwise(received) if callable(self._otherwise) else self._otherwise

    async def _perform(self, step: Step, received: Received, writer: asyncio.StreamWriter) -> bool:
        """Act out one step; return whether the connection stays open."""
        match step:
            case Fail():
                body = WIRES[received.path].error(step.status, step.code, step.message)
                await _send(writer, step.status, orjson.dumps(body), step.headers)
            case Body():
                await _send(writer, step.status, orjson.dumps(step.body), {})
            case Drop():
                return False
            case Raw():
                for piece in step.writes:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.02)  # or the kernel would join the writes
                return False
            case Hang():
                await asyncio.sleep(step.seconds)
                await self._say(Say(), received, writer)
            case Garbage() if received.body.get("stream"):
                await _send_stream(writer, iter((next(_events(Say(), received)), b"data: {garb\n\n")), 0.0)
            case Garbage():
                await _send(writer, 200, b"<html>bad gateway</html>", {})
            case Cut():
                await self._cut(step, received, writer)
                return False
            case Say():
                await self._say(step, received, writer)
        return True

    async def _say(self, step: Say, received: Received, writer: asyncio.StreamWriter) -> None:
        if not received.body.get("stream"):
            await _send(writer, 200, orjson.dumps(_whole(step, received)), {"x-request-id": "req_fake"})
            return
        self.open_streams += 1
        try:
            await _send_stream(writer, _events(step, received), step.pause_seconds)
        finally:
            self.open_streams -= 1

    async def _cut(self, step: Cut, received: Received, writer: asyncio.StreamWriter) -> None:
        if received.body.get("stream"):
            events = [event for _, event in zip(range(step.after_events), _events(step.say, received), strict=False)]
            writer.write(_STREAM_HEAD + b"".join(_chunk(event) for event in events))
        else:
            body = orjson.dumps(_whole(step.say, received))
            writer.write(_head(200, len(body), {}) + body[: len(body) // 2])
        await writer.drain()


def _reply(step: Say, received: Received) -> Reply:
    return Reply(
        identity="fake",
        model=str(received.body.get("model")),
        text=step.text,
        tool_name=step.tool_name,
        tool_arguments=step.tool_arguments,
        input_tokens=step.input_tokens,
        output_tokens=step.output_tokens,
        cached_input_tokens=step.cached_input_tokens,
        cache_write_tokens=step.cache_write_tokens,
        piece=step.piece,
    )


def _whole(step: Say, received: Received) -> Json:
    api = WIRES[received.path].api
    if received.path.endswith("/count_tokens"):
        return {"input_tokens": step.input_tokens}
    if api == "embeddings":
        data = [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}]
        usage = {"prompt_tokens": step.input_tokens, "total_tokens": step.input_tokens}
        return {"object": "list", "data": data, "model": received.body.get("model"), "usage": usage}
    whole = RENDERERS[api].whole(_reply(step, received))
    return whole if step.usage else {name: value for name, value in whole.items() if name != "usage"}


def _events(step: Say, received: Received) -> Iterator[bytes]:
    """The stream's events; chat sends usage only when it was asked for, as the real one does."""
    events = RENDERERS[WIRES[received.path].api].events(_reply(step, received))
    asked = (received.body.get("stream_options") or {}).get("include_usage") and step.usage
    is_chat = received.path.endswith("/chat/completions")
    return (event for event in events if asked or not is_chat or b'"choices":[]' not in event)


async def _read_request(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    body: Any = orjson.loads(await reader.readexactly(int(headers.get("content-length", "0"))) or b"{}")
    return Received(head[0].split(" ")[1].partition("?")[0], headers, body)


async def _send(writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str]) -> None:
    writer.write(_head(status, len(body), headers) + body)
    await writer.drain()


async def _send_stream(writer: asyncio.StreamWriter, events: Iterator[bytes], pause_seconds: float) -> None:
    writer.write(_STREAM_HEAD)
    for event in events:
        if pause_seconds:
            await asyncio.sleep(pause_seconds)
        writer.write(_chunk(event))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _head(status: int, length: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_STATUS_WORD.get(status, 'Scripted')}", "content-type: application/json"]
    lines += [f"content-length: {length}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _chunk(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(event), event)
