"""Read a JSONL file that grows: each line once, whole lines only, as far as there is time for.

A run's journal may hold a gigabyte. So reading stops at a deadline and goes on from there at the next call, and
whoever wants a line again later keeps where it lies.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness.results.layout import parsed


class Span(NamedTuple):
    """Where a line lies in its file."""

    start: int
    length: int


class Line(NamedTuple):
    """A line that could be parsed."""

    span: Span
    value: dict[str, Any]


class Tail:
    """One file, from its beginning. A file that was replaced, as by a later attempt, is another: see `replaced`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        self._identity = _identity(path)

    @property
    def replaced(self) -> bool:
        """Whether there is another file now, or less of it than was read."""
        now = _identity(self.path)
        return self._identity is not None and (now != self._identity or self.size < self.offset)

    @property
    def size(self) -> int:
        """The file's bytes now."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def caught_up(self, before: int) -> bool:
        """Whether reading, which began at `before`, left nothing but perhaps a line that is still being written."""
        return not self.is_behind or self.offset == before

    @property
    def is_behind(self) -> bool:
        """Whether there is more than was read; a line that is being written counts."""
        return self.size > self.offset

    def read(self, until: float | None = None) -> Iterator[Line]:
        """Yield what is new, until a time of `time.thread_time`; what can't be parsed is passed over.

        The thread's own time, so that a busy machine makes reading slower and never makes it stop at the first line.
        """
        try:
            file = self.path.open("rb")
        except OSError:
            return
        with file:
            self._identity = self._identity or _identity(self.path)
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                start, self.offset = self.offset, self.offset + len(line)
                with contextlib.suppress(ValueError):
                    value = parsed(line)
                    if isinstance(value, dict):
                        yield Line(Span(start, len(line)), value)
                if until is not None and time.thread_time() > until:
                    return


def bytes_at(path: Path, span: Span) -> bytes:
    """The bytes of a line that was read before."""
    return next(all_bytes_at(path, [span]))


def all_bytes_at(path: Path, spans: Iterable[Span]) -> Iterator[bytes]:
    """The bytes of several lines."""
    with path.open("rb") as file:
        for span in spans:
            yield os.pread(file.fileno(), span.length, span.start)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
