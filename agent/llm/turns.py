"""Several workers under one budget: a call that finds no room waits while another is out, whose price is not known yet.

The gateway reserves the most that a call can cost, and gives back what it did not when it ends. So a refusal means that
the budget is spent only when nobody else's call is in flight.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from agent.ends import BudgetExhausted
from agent.llm.base import LLM, Reply, Request


class Turns:
    """Who has a call in flight. Used by many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._flying = 0
        self._settled = 0

    def take(self, llm: LLM, request: Request) -> Reply:
        """Make a call; raise `BudgetExhausted` only when there is no room for it alone."""
        while True:
            with self._changed:
                self._flying += 1
                seen = self._settled
            refused = False
            try:
                return llm.complete(request)
            except BudgetExhausted:
                refused = True
                if self._is_alone():
                    raise
            finally:
                self._end(refused=refused)
            self._wait(seen)

    def _is_alone(self) -> bool:
        with self._changed:
            return self._flying == 1

    def _end(self, *, refused: bool) -> None:
        """Another's refusal gives no room back, so it is no reason to try again."""
        with self._changed:
            self._flying -= 1
            self._settled += not refused
            self._changed.notify_all()

    def _wait(self, seen: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._settled != seen or self._flying == 0)


@dataclass(frozen=True)
class Sharing:
    """A model that shares its run's budget with others."""

    llm: LLM
    turns: Turns

    @property
    def name(self) -> str:
        """See `LLM.name`."""
        return self.llm.name

    def complete(self, request: Request) -> Reply:
        """See `LLM.complete`."""
        return self.turns.take(self.llm, request)
