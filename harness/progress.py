"""What a person sees while runs go on: a bar on steps with the best score so far; plain lines without a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.gateway.journal import StoredEvent
    from harness.plan import RunPlan
    from harness.schedule import Finished

Say = Callable[[str], None]


def say(line: str) -> None:
    """One line for a person, on standard error: standard output is for results."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class Progress:
    """One bar a run. Called from the gateways' threads."""

    def __init__(self, say: Say, *, show: bool | None = None) -> None:
        self._say = say
        self._show = sys.stderr.isatty() if show is None else show
        self._bars: dict[str, Any] = {}
        self._best: dict[str, float] = {}
        self._lock = threading.Lock()

    def started(self, plan: RunPlan) -> None:
        """A run is about to start."""
        from tqdm import tqdm

        with self._lock:
            if not self._show:
                self._say(f"{plan.run_id}: {plan.model}, {plan.steps} steps")
            self._bars[plan.run_id] = tqdm(
                total=plan.steps,
                desc=plan.run_id,
                unit="step",
                disable=not self._show,
                dynamic_ncols=True,
                leave=True,
            )

    def event(self, plan: RunPlan, stored: StoredEvent) -> None:
        """A journal event of a run."""
        event: Any = stored.event
        with self._lock:
            bar = self._bars.get(plan.run_id)
            if bar is None:
                return
            if event.type == "best" and event.score is not None:
                self._best[plan.run_id] = event.score
                bar.set_postfix_str(f"best {event.score:.5f}")
            elif event.type == "node":
                bar.update(1)

    def ended(self, plan: RunPlan, finished: Finished) -> None:
        """A run has its final record."""
        with self._lock:
            bar = self._bars.pop(plan.run_id, None)
            if bar is not None:
                bar.close()
            record = finished.record
            if finished.reused:
                self._say(f"{plan.run_id}: finished before, left as it is")
            elif not self._show or record.reason:
                best = self._best.get(plan.run_id)
                scored = f", best validation score {best:.5f}" if best is not None else ""
                self._say(f"{plan.run_id}: {record.status}{scored}; {record.reason or 'ended in order'}")
