"""What a stream said: its events on the way to the client, and afterwards the whole of it for the transcript.

While a stream runs only its current event is in memory; the text waits in a temporary file. So it makes no difference
to memory whether one stream is open or a hundred slow ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harness.gateway.calls import json_object
from harness.gateway.transcript import redact
from harness.gateway.wire.base import Json, Wire
from harness.gateway.wire.sse import SseSplitter, data_of

_SPOOL_BYTES = 16 * 1024  # kept in memory before the temporary file is made
_READ_BYTES = 256 * 1024
_DONE = b"[DONE]"


class Garbage(Exception):
    """The provider sent something that is not its own format."""


class Whole(NamedTuple):
    """A stream after its end: its exact bytes, the message it made, and whether it came to its own end."""

    raw: bytes
    message: Json | None
    complete: bool


class StreamRecording:
    """Keeps a stream's text, and leaves out of what is passed on the events that only the gateway asked for."""

    def __init__(self, wire: Wire, folder: Path, secrets: tuple[bytes, ...], *, drop_usage: bool) -> None:
        self._wire = wire
        self._secrets = secrets
        self._drop_usage = drop_usage
        self._splitter = SseSplitter()
        self._spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES, dir=str(folder))  # noqa: SIM115

    def take(self, chunk: bytes) -> bytes:
        """Record what has arrived; return what the client gets of it. Raises Garbage and EventTooLong."""
        return b"".join(self._keep(event) for event in self._splitter.feed(chunk))

    def end(self) -> bytes:
        """Take what follows the last whole event, for providers that end without a blank line."""
        rest = self._splitter.rest()
        return self._keep(rest) if rest else b""

    def close(self) -> Whole:
        """Assemble the message and forget the text."""
        with self._spool:
            self._spool.seek(0)
            raw = self._spool.read()
        assembler, done = self._wire.assembler(), False
        for event in _events(raw):
            data = data_of(event)
            parsed = json_object(data) if data else None
            done = done or data.strip() == _DONE
            if parsed is not None:
                assembler.feed(parsed)
        return Whole(raw, assembler.message(), done or assembler.complete())

    def _keep(self, event: bytes) -> bytes:
        event = redact(event, self._secrets)
        self._spool.write(event)
        data = data_of(event)
        if not data or data.strip() == _DONE:
            return event
        parsed = json_object(data)
        if parsed is None:
            raise Garbage("an event that is not JSON")
        return b"" if self._drop_usage and self._wire.only_usage(parsed) else event


def _events(raw: bytes) -> Iterator[bytes]:
    splitter = SseSplitter()
    for start in range(0, len(raw), _READ_BYTES):
        yield from splitter.feed(raw[start : start + _READ_BYTES])
    yield splitter.rest()
