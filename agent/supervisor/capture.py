"""Keeps the head and the tail of a script's output in bounded memory, because a script may print a gigabyte.

It does not read, decode or judge the output; `pump.py` feeds it.
"""

from __future__ import annotations

FLOOD_FACTOR = 64
FLOOD_FLOOR = 64 * 1024 * 1024


class Capture:
    """At most `keep_bytes` of what was added: the first half as it came, then a tail that moves on."""

    def __init__(self, keep_bytes: int) -> None:
        self._head_size = keep_bytes // 2
        self._tail_size = keep_bytes - self._head_size
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0
        self.flood_bytes = max(FLOOD_FACTOR * keep_bytes, FLOOD_FLOOR)

    def add(self, data: bytes) -> None:
        """Take the next bytes; what fits neither head nor tail is counted and forgotten."""
        self.total += len(data)
        room = self._head_size - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._tail_size + 65536:  # trimmed now and then, so that adding stays linear
            self._trim()

    def _trim(self) -> None:
        if len(self._tail) > self._tail_size:
            del self._tail[: len(self._tail) - self._tail_size]

    @property
    def dropped(self) -> int:
        """Bytes that `text` leaves out."""
        return max(0, self.total - self._head_size - self._tail_size)

    @property
    def flooded(self) -> bool:
        """Has so much been printed that the script should be ended?"""
        return self.total > self.flood_bytes

    def text(self, note: str | None = None) -> bytes:
        """Head, a line that says how much was cut, tail; `note` is the last line where given."""
        self._trim()
        middle = f"\n[... {self.dropped} bytes cut ...]\n".encode() if self.dropped else b""
        kept = bytes(self._head) + middle + bytes(self._tail)
        if note is None:
            return kept
        newline = b"" if kept.endswith(b"\n") or not kept else b"\n"
        return kept + newline + f"[{note}]\n".encode()
