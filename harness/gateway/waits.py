"""How long a run could do nothing but wait for its model provider: what is left out of its working time.

A run waits while every one of its workers does: with one worker, while any call waits for its turn, a rate limit or an
outage to pass; with four, while four calls do. The time that a model takes to answer is work, not waiting.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal, Protocol

Clock = Literal["wall", "working"]  # which one a run's time limit goes by
_NO_WAIT_SECONDS = 0.01  # asking for a turn takes a moment, which is no waiting
CLOCKS: tuple[Clock, ...] = ("wall", "working")


class Deadline(Protocol):
    """When a run's calls end, on the monotonic clock."""

    def __call__(self, waiting: float = 0.0) -> float:
        """The deadline as it would be if the run waited so many more seconds, which its limit may not count."""


@dataclass(eq=False)
class Wait:
    """One call from its arrival to the attempt that was answered; `until` is None while it waits."""

    began: float
    until: float | None = None

    def attempts(self, now: float) -> None:
        """An attempt starts: so far it was waiting. Whether this attempt is work is known when it is answered."""
        self.until = now

    def goes_on(self) -> None:
        """That attempt came to nothing."""
        self.until = None


@dataclass
class WaitClock:
    """Adds up, for a run with so many workers. May be asked from any thread."""

    workers: int = 1
    _open: set[Wait] = field(default_factory=set)
    _closed: list[tuple[float, float]] = field(default_factory=list)
    _settled: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, now: float) -> Wait:
        """A call has come."""
        wait = Wait(now, now)
        with self._lock:
            self._open.add(wait)
        return wait

    def end(self, wait: Wait, now: float) -> None:
        """The call was answered, or given up."""
        until = now if wait.until is None else wait.until
        with self._lock:
            self._open.discard(wait)
            if until - wait.began > _NO_WAIT_SECONDS:
                self._closed.append((wait.began, until))
            if self._closed and not self._open:
                self._settled += _covered(self._closed, self.workers)
                self._closed.clear()

    def seconds(self, now: float) -> float:
        """How long all workers waited so far."""
        with self._lock:
            pending = [(one.began, now if one.until is None else one.until) for one in self._open]
            return self._settled + _covered([*self._closed, *pending], self.workers)


def _covered(intervals: list[tuple[float, float]], times: int) -> float:
    """Seconds that lie in at least so many of the intervals."""
    edges = sorted([(began, 1) for began, _ in intervals] + [(ended, -1) for _, ended in intervals])
    total, depth, since = 0.0, 0, 0.0
    for at, step in edges:
        if depth >= times:
            total += at - since
        depth, since = depth + step, at
    return total
