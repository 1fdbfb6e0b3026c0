"""Carries several pieces of work out side by side, and hands each back as it ends.

A thread for each piece: what they do is wait, for a model or for a script. The threads never keep the process alive;
whoever leaves while some are at work leaves them behind. Nothing here knows what the work is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Done(NamedTuple, Generic[T]):
    """A piece of work that ended, with what it raised."""

    item: T
    error: BaseException | None


class Crew(Generic[T]):
    """Used by one thread, but for `wake`, which any thread or signal handler may call."""

    def __init__(self) -> None:
        self._done: SimpleQueue[Done[T] | None] = SimpleQueue()
        self.busy = 0

    def start(self, work: Callable[[T], None], item: T) -> None:
        """Begin `work(item)`."""

        def carry_out() -> None:
            error: BaseException | None = None
            try:
                work(item)
            except BaseException as raised:  # whoever takes the item decides what it means
                error = raised
            self._done.put(Done(item, error))

        self.busy += 1
        threading.Thread(target=carry_out, name="podium-worker", daemon=True).start()

    def next(self, seconds: float | None = None) -> Done[T] | None:
        """Wait for the next that ends; None when woken, or when the time is up."""
        try:
            done = self._done.get(timeout=None if seconds is None else max(0.0, seconds))
        except Empty:
            return None
        if done is not None:
            self.busy -= 1
        return done

    def wake(self) -> None:
        """Make `next` return."""
        self._done.put(None)
