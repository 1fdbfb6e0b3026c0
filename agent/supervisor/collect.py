"""Takes `working/submission.csv`, or another named file of `working/`, out of a folder that a script had to itself.

The folder is hostile: any part of the path may be a link, a pipe, a device or huge. Nothing here reads the contents;
whether they are a valid submission is the gateway's question.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

COPY_BYTES = 1024 * 1024
SUBMISSION = "submission.csv"


class Refused(Exception):
    """The script left no such file that can be taken; the message is the reason."""


def collect(folder: Path, into: int, limit_bytes: int, name: str = SUBMISSION) -> int:
    """Copy `folder/working/<name>` into the descriptor `into` and return its size."""
    source = open_result(folder, limit_bytes, name)
    try:
        return copy(source, into)
    finally:
        os.close(source)


def open_result(folder: Path, limit_bytes: int, name: str = SUBMISSION) -> int:
    """Open a regular file of an allowed size; follow no link below `folder`, wait for no pipe's writer."""
    working = _open_at(folder / "working", os.O_DIRECTORY, None, name)
    try:
        source = _open_at(Path(name), os.O_NONBLOCK, working, name)
    finally:
        os.close(working)
    try:
        _check(source, limit_bytes, name)
    except Refused:
        os.close(source)
        raise
    return source


def _open_at(path: Path, flags: int, parent: int | None, name: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=parent)
    except FileNotFoundError:
        raise Refused(f"no working/{name} was written") from None
    except OSError as error:
        raise Refused(f"working/{name} can't be taken as a regular file: {error.strerror}") from None


def _check(source: int, limit_bytes: int, name: str) -> None:
    status = os.fstat(source)
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"working/{name} is not a regular file")
    if status.st_size > limit_bytes:
        raise Refused(f"working/{name} has {status.st_size} bytes; {limit_bytes} are allowed")


def copy(source: int, into: int) -> int:
    """Replace the content of `into`; only the size found at the start, since a file may still grow."""
    size = os.fstat(source).st_size
    copied = 0
    os.ftruncate(into, 0)
    os.lseek(into, 0, os.SEEK_SET)
    while copied < size and (block := os.read(source, min(COPY_BYTES, size - copied))):
        write(into, block)
        copied += len(block)
    return copied


def write(into: int, data: bytes) -> None:
    """Write all of `data`."""
    view = memoryview(data)
    while view:
        view = view[os.write(into, view) :]
