"""Writing files so that a crash leaves either the old content or the new, never half of one.

What a killed writer leaves beside a file is removed by whoever writes that file next: a living one holds a lock on it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)  # none of them a bug of ours
PART = ".part"
TRIES = 3


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, flush to disk, rename over it. Parent folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_parts(path.parent, f".{path.name}.")
    for left in reversed(range(TRIES)):
        try:
            _write(path, content)
        except FileNotFoundError:  # taken for a dead writer's in the moment before it was locked
            if not left:
                raise
        else:
            return


def remove_parts(folder: Path, begin: str = ".") -> None:
    """Remove what writers that are gone left of files in a folder, or of those whose parts begin so."""
    with os.scandir(folder) as entries:
        parts = [entry.path for entry in entries if entry.name.startswith(begin) and entry.name.endswith(PART)]
    for part in parts:
        with contextlib.suppress(OSError):  # gone, or its writer is at it
            descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Path(part).unlink()
            finally:
                os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write an object as indented JSON, atomically. NaN and infinities are refused: JSON has none."""
    write_atomically(path, (json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode())
