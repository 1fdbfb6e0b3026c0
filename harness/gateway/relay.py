"""A provider's stream on its way to the client.

When the client hangs up, the provider is still read for a while: the usage comes with the last event. When the
provider breaks off, the client gets an error event that its SDK understands, since a stream that simply ends looks
finished.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from harness.errors import InfrastructureError
from harness.gateway.calls import Books, Call, Ending
from harness.gateway.providers.base import ProviderUnreachable
from harness.gateway.recording import Garbage, StreamRecording
from harness.gateway.wire.sse import EventTooLong


class StreamRelay(Response):
    """An ASGI response that relays `chunks` and closes the call's books exactly once, whatever happens."""

    def __init__(
        self,
        call: Call,
        books: Books,
        chunks: AsyncIterator[bytes],
        recording: StreamRecording,
        *,
        headers: dict[str, str],
        seconds_left: float,
        drain_seconds: float,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({"content-type": "text/event-stream", "cache-control": "no-cache", **headers})
        self._call = call
        self._books = books
        self._chunks = chunks
        self._recording = recording
        self._seconds_left = seconds_left
        self._drain_seconds = drain_seconds
        self._client_gone = False
        self._broken_off = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trouble: str | None = "the gateway was stopped"
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            trouble = await self._relay(receive, send)
        finally:
            trouble = self._close_books(trouble)
            with contextlib.suppress(ProviderUnreachable):
                await _aclose(self._chunks)
        if trouble:
            await self._send(send, self._call.wire.stream_error("stream_cut", trouble))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _relay(self, receive: Receive, send: Send) -> str | None:
        """Pass everything on; return why it broke off, or None."""
        try:
            async with asyncio.timeout(self._seconds_left) as bound:
                watcher = asyncio.create_task(self._watch(receive, bound))
                try:
                    async for chunk in self._chunks:
                        await self._send(send, self._recording.take(chunk))
                    await self._send(send, self._recording.end())
                finally:
                    watcher.cancel()
        except TimeoutError:
            return "the client hung up" if self._client_gone else "the run's deadline came before the stream's end"
        except (ProviderUnreachable, EventTooLong, Garbage) as broken:
            self._broken_off = True
            return f"the provider's stream broke off: {broken}"
        except OSError as error:
            self._books.fail(InfrastructureError(f"a stream can't be recorded: {error}. Free some space (df -h)."))
            return "the run is ending: its folder can't be written"
        return None

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

    def _close_books(self, trouble: str | None) -> str | None:
        """Settle and record; return what was wrong with the stream."""
        raw, message, complete = self._recording.close()
        if trouble is None and not complete:
            trouble = "the provider's stream ended before its last event"
            self._broken_off = True
        ending = Ending(
            outcome="cut" if trouble else "answered",
            status=200,
            content_type="text/event-stream",
            raw=raw,
            response=message,
            client_gone=self._client_gone,
            error=trouble,
            broken_off=self._broken_off,
        )
        self._books.close_call(self._call, ending)
        return trouble


async def _aclose(chunks: AsyncIterator[bytes]) -> None:
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()
