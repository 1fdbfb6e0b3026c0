"""Where a step's time goes, by phase; what no phase claims is our own overhead. One stopwatch a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from agent.llm.base import LLM, Reply, Request

PHASES = ("model", "execute", "check", "review")


class Stopwatch:
    """Adds up the phases of one node, from `started` on."""

    def __init__(self, clock: Callable[[], float], started: float) -> None:
        self._clock = clock
        self._started = started
        self._spent = dict.fromkeys(PHASES, 0.0)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what is inside towards a phase, also when it raises."""
        began = self._clock()
        try:
            yield
        finally:
            self._spent[name] += self._clock() - began

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each phase, with `overhead` for the rest of the time until now."""
        overhead = self._clock() - self._started - sum(self._spent.values())
        return {phase: round(value, 6) for phase, value in {**self._spent, "overhead": max(0.0, overhead)}.items()}


@dataclass(frozen=True)
class TimedLLM:
    """A model whose calls count towards a phase and carry a label; what is made of its replies does not count."""

    llm: LLM
    watch: Stopwatch
    phase: str
    label: str = ""

    @property
    def name(self) -> str:
        """See `LLM.name`."""
        return self.llm.name

    def complete(self, request: Request) -> Reply:
        """See `LLM.complete`."""
        with self.watch.phase(self.phase):
            return self.llm.complete(replace(request, label=self.label))
