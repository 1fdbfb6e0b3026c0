"""Doing one thing with many files: in threads, since disks and decompression wait, with only some of them in flight.

Threads, not processes: what is done here leaves Python for nearly all of its time. A bar over them is the caller's.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORKERS = min(16, 4 * (os.cpu_count() or 1))  # more than CPUs: most of the time they wait for a disk
LARGEST_BATCH = 64


class Track(Protocol):
    """Shows how far a loop is: give it what is looped over, in the plural, and how much there is."""

    def __call__(self, items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]: ...


def untracked(items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """Show nothing."""
    return items


def each(function: Callable[[T], R], items: Iterable[T], *, workers: int = WORKERS) -> Iterator[R]:
    """Yield the results in the items' order; the first error ends it, and what has not begun is not begun."""
    every = items if isinstance(items, Sequence) else list(items)
    size = max(1, min(LARGEST_BATCH, len(every) // (4 * workers)))

    def work(start: int) -> list[R]:
        return [function(item) for item in every[start : start + size]]

    waiting: deque[Future[list[R]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for start in range(0, len(every), size):
                waiting.append(pool.submit(work, start))
                if len(waiting) >= 4 * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
