"""Where a step's time goes, by phase; what no phase claims is our own overhead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

PHASES = ("model", "execute", "check", "review")


class Stopwatch:
    """Adds up the phases of one node after the other. Laps are seamless: all wall time is some node's."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()
        self._spent = dict.fromkeys(PHASES, 0.0)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what is inside towards a phase, also when it raises."""
        began = self._clock()
        try:
            yield
        finally:
            self._spent[name] += self._clock() - began

    def lap(self) -> dict[str, float]:
        """Return seconds by phase since the last lap, with `overhead` for the rest, and start the next one."""
        now = self._clock()
        overhead = now - self._started - sum(self._spent.values())
        seconds = {**self._spent, "overhead": max(0.0, overhead)}
        self._started, self._spent = now, dict.fromkeys(PHASES, 0.0)
        return {phase: round(value, 6) for phase, value in seconds.items()}
