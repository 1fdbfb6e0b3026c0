"""One process at a time: a lock on a name in a folder, which ends with its process however that ends.

It holds between processes of one machine; over a network file system it is only as good as that system's flock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold `folder/.locks/name`, waiting for whoever has it."""
    locks = folder / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(locks / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_at_once(folder: Path, name: str) -> Iterator[bool]:
    """Hold `folder/.locks/name` where nobody has it, waiting for nobody; yield whether it is held."""
    locks = folder / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(locks / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


def is_locked(folder: Path, name: str) -> bool:
    """Does somebody hold it now?"""
    with locked_at_once(folder, name) as held:
        return not held
