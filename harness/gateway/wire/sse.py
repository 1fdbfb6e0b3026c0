"""Server-sent events: cutting a byte stream into events, without changing a byte of them.

Knows nothing of what the events mean. An event longer than `limit_bytes` raises, so a broken
provider can't fill memory.
"""

from __future__ import annotations

import re

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class EventTooLong(Exception):
    """A stream sent more than the limit without ending an event."""


class SseSplitter:
    """Collects chunks and gives back whole events, each with its closing blank line."""

    def __init__(self, limit_bytes: int = 16 * 1024 * 1024) -> None:
        self._limit_bytes = limit_bytes
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Add a chunk; return the events that it completes."""
        searched = max(0, len(self._buffer) - 3)
        self._buffer += chunk
        events, start = [], 0
        while end := _END.search(self._buffer, max(searched, start)):
            events.append(bytes(self._buffer[start : end.end()]))
            start = end.end()
        del self._buffer[:start]
        if len(self._buffer) > self._limit_bytes:
            raise EventTooLong(f"an event of more than {self._limit_bytes} bytes")
        return events

    def rest(self) -> bytes:
        """What is left after the last whole event."""
        return bytes(self._buffer)


def data_of(event: bytes) -> bytes:
    """The event's data lines, joined; empty for comments and bare event names."""
    lines = [line[5:].lstrip(b" ") for line in event.splitlines() if line.startswith(b"data:")]
    return b"\n".join(lines)
