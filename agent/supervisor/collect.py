"""Takes `working/submission.csv` out of a folder that a script had to itself.

The folder is hostile: any part of the path may be a link, a pipe, a device or huge. Nothing here reads the contents;
whether they are a valid submission is the gateway's question.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

COPY_BYTES = 1024 * 1024
ABSENT = "no working/submission.csv was written"


class Refused(Exception):
    """The script left no submission that can be taken; the message is the reason."""


def collect(folder: Path, into: int, limit_bytes: int) -> int:
    """Copy `folder/working/submission.csv` into the descriptor `into` and return its size."""
    source = _open(folder)
    try:
        size = _checked_size(source, limit_bytes)
        os.ftruncate(into, 0)
        os.lseek(into, 0, os.SEEK_SET)
        return _copy(source, into, size)
    finally:
        os.close(source)


def _open(folder: Path) -> int:
    """Open without following any link below `folder`, and without waiting for the other end of a pipe."""
    working = _open_at(folder / "working", os.O_DIRECTORY, None)
    try:
        return _open_at(Path("submission.csv"), os.O_NONBLOCK, working)
    finally:
        os.close(working)


def _open_at(path: Path, flags: int, parent: int | None) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=parent)
    except FileNotFoundError:
        raise Refused(ABSENT) from None
    except OSError as error:
        raise Refused(f"working/submission.csv can't be taken as a regular file: {error.strerror}") from None


def _checked_size(source: int, limit_bytes: int) -> int:
    status = os.fstat(source)
    if not stat.S_ISREG(status.st_mode):
        raise Refused("working/submission.csv is not a regular file")
    if status.st_size > limit_bytes:
        raise Refused(f"working/submission.csv has {status.st_size} bytes; {limit_bytes} are allowed")
    return status.st_size


def _copy(source: int, into: int, size: int) -> int:
    """Copy at most `size` bytes: a file that still grows must not pass the limit."""
    copied = 0
    while copied < size and (block := os.read(source, min(COPY_BYTES, size - copied))):
        view = memoryview(block)
        while view:
            view = view[os.write(into, view) :]
        copied += len(block)
    return copied
