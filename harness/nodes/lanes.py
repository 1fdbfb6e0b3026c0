"""Which CPUs of a node a run gets, where several runs are on it: each holds a lane of its own while it lasts.

A lane is a lock on a file, so it is free again when its process ends, however that ends, and runs of different
commands don't get the same CPUs either.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_LANES = 1024


@contextmanager
def lane(folder: Path) -> Iterator[int]:
    """Hold the first lane that nobody has, and give its number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(MOST_LANES):
        descriptor = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        try:
            yield number
        finally:
            os.close(descriptor)
        return
    raise AssertionError(f"{MOST_LANES} runs on one machine")
