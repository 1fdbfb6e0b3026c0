"""Append-only files of JSON lines that hold whole lines only, whatever happens to the disk or to the writer.

A writer that is killed leaves at most a torn last line: the reader skips it, the next writer cuts it off.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InfrastructureError


class JsonLines:
    """The writer. With `durable`, a line is on the disk when `append` returns."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._durable = durable
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.size_bytes = self._cut_torn_line()

    def append(self, line: bytes) -> None:
        """Add one line (without its newline), or raise InfrastructureError and leave the file as it was."""
        try:
            self._write(memoryview(line + b"\n"))
            if self._durable:
                os.fdatasync(self._descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):  # then a torn line stays, and the next reader and writer deal with it
                os.ftruncate(self._descriptor, self.size_bytes)
            raise InfrastructureError(
                f"{self.path} can't be written: {error.strerror}. Free some space (df -h {self.path.parent}), "
                "then run the same command again."
            ) from error
        self.size_bytes += len(line) + 1

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1  # what is appended late must not reach another's file
        os.close(descriptor)

    def _write(self, rest: memoryview) -> None:
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def _cut_torn_line(self) -> int:
        """Drop what a killed writer left after the last newline; return the length that is kept."""
        size = os.fstat(self._descriptor).st_size
        kept, block = size, 64 * 1024
        while kept > 0:
            start = max(0, kept - block)
            newline = os.pread(self._descriptor, kept - start, start).rfind(b"\n")
            kept = start + newline + 1 if newline >= 0 else start
            if newline >= 0:
                break
        if kept != size:
            os.ftruncate(self._descriptor, kept)
        return kept


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Whole lines with their numbers; a torn last line is left out."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                yield number, line
