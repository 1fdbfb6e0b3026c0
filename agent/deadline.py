"""How much of the run's time is left, as the gateway last said, and what a script may take of it."""

from __future__ import annotations

from collections.abc import Callable

from agent.contract import StatusReply
from agent.ends import DeadlineReached

MIN_SCRIPT_SECONDS = 1.0


class Deadline:
    """Read and moved by every worker."""

    def __init__(self, clock: Callable[[], float], run_seconds: float, script_seconds: float) -> None:
        self._clock = clock
        self._most = script_seconds
        self.run_seconds = run_seconds
        self._ends_at = clock() + run_seconds

    def follow(self, status: StatusReply) -> None:
        """Take the gateway's account: it knows when the box started."""
        self._ends_at = self._clock() + status.deadline_seconds - status.elapsed_seconds

    @property
    def left(self) -> float:
        """Seconds until the run's end."""
        return self._ends_at - self._clock()

    @property
    def shortens_scripts(self) -> bool:
        """Does less than a script's own limit seem to be left?"""
        return self.for_a_script < self._most

    @property
    def for_a_script(self) -> float:
        """What a script may take now: its own limit, or what the deadline leaves after time to record it."""
        margin = min(30.0, 0.02 * self.run_seconds)
        return min(self._most, self.left - margin)

    def check(self, why: str) -> float:
        """Return what a script may take now; raise `DeadlineReached` when that is too little to start one."""
        seconds = self.for_a_script
        if seconds < MIN_SCRIPT_SECONDS:
            raise DeadlineReached(why)
        return seconds
