"""A provider's stream on its way to the client: event by event, followed, counted and recorded.

When the client hangs up, the provider is still read for a while: the usage comes with the last event. When the
provider breaks off, the client gets an error event that its SDK understands, since a stream that simply ends looks
finished.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from harness.gateway.calls import Books, Call, Ending, json_object
from harness.gateway.providers.base import ProviderUnreachable
from harness.gateway.transcript import Outcome, redact
from harness.gateway.wire.sse import EventTooLong, SseSplitter, data_of

_SPOOL_BYTES = 64 * 1024  # of a stream's text kept in memory; the rest waits on disk, so slow streams cost no memory


class StreamRelay(Response):
    """An ASGI response that relays `chunks` and closes the call's books exactly once, whatever happens."""

    def __init__(
        self,
        call: Call,
        books: Books,
        chunks: AsyncIterator[bytes],
        *,
        headers: dict[str, str],
        spool_folder: Path,
        secrets: tuple[bytes, ...],
        seconds_left: float,
        drain_seconds: float,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({"content-type": "text/event-stream", "cache-control": "no-cache", **headers})
        self._call = call
        self._books = books
        self._chunks = chunks
        self._spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES, dir=str(spool_folder))  # noqa: SIM115
        self._secrets = secrets
        self._seconds_left = seconds_left
        self._drain_seconds = drain_seconds
        self._splitter = SseSplitter()
        self._assembler = call.wire.assembler()
        self._saw_done = False
        self._client_gone = False
        self._asked_for_usage = bool((call.body.get("stream_options") or {}).get("include_usage"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        outcome: Outcome = "cut"
        error: str | None = "the gateway was stopped"
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            error = await self._relay(receive, send)
            outcome = "cut" if error else "answered"
        finally:
            self._close_books(outcome, error)
            with contextlib.suppress(ProviderUnreachable):
                await _aclose(self._chunks)
        if error:
            await self._send(send, self._call.wire.stream_error("stream_cut", error))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _relay(self, receive: Receive, send: Send) -> str | None:
        """Pass everything on; return why the stream is incomplete, or None."""
        try:
            async with asyncio.timeout(self._seconds_left) as bound:
                watcher = asyncio.create_task(self._watch(receive, bound))
                try:
                    async for chunk in self._chunks:
                        await self._send(send, self._passed_on(chunk))
                finally:
                    watcher.cancel()
        except TimeoutError:
            return "the client hung up" if self._client_gone else "the run's deadline came before the stream's end"
        except (ProviderUnreachable, EventTooLong, _Garbage) as broken:
            return f"the provider's stream broke off: {broken}"
        if self._saw_done or self._assembler.complete():
            return None
        return "the provider's stream ended before its last event"

    async def _watch(self, receive: Receive, bound: asyncio.Timeout) -> None:
        """Notice that the client is gone, and from then on read for a bounded time only."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._client_gone = True
        if not bound.expired():
            limit = asyncio.get_running_loop().time() + min(self._drain_seconds, self._seconds_left)
            bound.reschedule(limit)

    async def _send(self, send: Send, events: bytes) -> None:
        if events and not self._client_gone:
            await send({"type": "http.response.body", "body": events, "more_body": True})

    def _passed_on(self, chunk: bytes) -> bytes:
        """Follow the events in a chunk and return those that the client gets."""
        chunk = redact(chunk, self._secrets)
        self._spool.write(chunk)
        return b"".join(event for event in self._splitter.feed(chunk) if self._follow(event))

    def _follow(self, event: bytes) -> bool:
        data = data_of(event)
        if not data:
            return True
        if data.strip() == b"[DONE]":
            self._saw_done = True
            return True
        parsed = json_object(data)
        if parsed is None:
            raise _Garbage("an event that is not JSON")
        self._assembler.feed(parsed)
        return self._asked_for_usage or not self._call.wire.only_usage(parsed)

    def _close_books(self, outcome: Outcome, error: str | None) -> None:
        with self._spool:
            self._spool.seek(0)
            ending = Ending(
                outcome=outcome,
                status=200,
                content_type="text/event-stream",
                raw=self._spool.read(),
                response=self._assembler.message(),
                client_gone=self._client_gone,
                error=error,
            )
        self._books.close_call(self._call, ending)


class _Garbage(Exception):
    """The provider sent something that is not its own format."""


async def _aclose(chunks: AsyncIterator[bytes]) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
