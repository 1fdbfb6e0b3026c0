"""What a person sees while runs go on: a bar on steps with the best score so far; plain lines without a terminal.

Showing is never worth a run: a terminal that is gone is written to no more.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from harness.errors import Interrupted

if TYPE_CHECKING:
    from harness.gateway.journal import StoredEvent
    from harness.groups.coordinator import Finished
    from harness.runs.plan import RunPlan

Say = Callable[[str], None]
T = TypeVar("T")


def say(line: str) -> None:
    """One line for a person, on standard error: standard output is for results."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def bar(items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """Go through the items with a bar on a terminal; elsewhere, without a word."""
    from tqdm import tqdm

    return tqdm(items, desc=what, total=total, dynamic_ncols=True, disable=None, leave=False, delay=1)


def say_above_bars(line: str) -> None:
    """One line for a person, above a bar that is there."""
    from tqdm import tqdm

    with contextlib.suppress(OSError):
        tqdm.write(line, file=sys.stderr)


class Progress:
    """One bar for each run that goes on. Called from the gateways' threads, and from a signal's handler."""

    def __init__(self, say: Say, *, several: bool = False, show: bool | None = None) -> None:
        self._say = say
        self._several = several
        self._show = sys.stderr.isatty() if show is None else show
        self._bars: dict[str, Any] = {}
        self._best: dict[str, float] = {}
        self._lock = threading.RLock()  # a signal's handler may come while its own thread holds it

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            for run_id in list(self._bars):
                self._close(run_id)

    def say(self, line: str) -> None:
        """One line, above the bars that are there."""
        with self._lock:
            if not self._bars:
                self._say(line)
                return
            with contextlib.suppress(OSError):
                type(next(iter(self._bars.values()))).write(line, file=sys.stderr)

    def started(self, plan: RunPlan) -> None:
        """A run is about to start."""
        with self._lock:
            if self._show:
                self._open(plan)
            else:
                self._say(f"{plan.run_id}: {plan.model}, {plan.steps} steps")

    def event(self, plan: RunPlan, stored: StoredEvent) -> None:
        """A journal event of a run."""
        event: Any = stored.event
        with self._lock, contextlib.suppress(OSError):
            bar = self._bars.get(plan.run_id)
            if event.type == "best" and event.score is not None:
                self._best[plan.run_id] = event.score
                if bar is not None:
                    bar.set_postfix_str(f"best {event.score:.5f}")
            elif event.type == "node" and bar is not None:
                bar.update(1)

    def ended(self, plan: RunPlan, finished: Finished) -> None:
        """A run has its final record."""
        record = finished.record
        best = self._best.get(plan.run_id)
        scored = f", best validation score {best:.5f}" if best is not None else ""
        with self._lock:
            self._close(plan.run_id)
            if finished.reused:
                self.say(f"{plan.run_id}: finished before, left as it is")
            elif self._several or not self._show or record.reason:
                self.say(f"{plan.run_id}: {record.status}{scored}; {record.reason or 'ended in order'}")

    def broken(self, plan: RunPlan, error: BaseException) -> None:
        """A run raised instead of ending; the error itself is told by whoever catches it."""
        with self._lock:
            self._close(plan.run_id)
            how = "stopped" if isinstance(error, Interrupted) else f"broke off ({type(error).__name__})"
            self.say(f"{plan.run_id}: {how}; no other run is started")

    def _open(self, plan: RunPlan) -> None:
        from tqdm import tqdm

        with contextlib.suppress(OSError):
            # Of several bars at a time not all can stay where they are: those give way to the line about their end.
            leave = not self._several
            bar = tqdm(total=plan.steps, desc=plan.run_id, unit="step", dynamic_ncols=True, leave=leave)
            self._bars[plan.run_id] = bar

    def _close(self, run_id: str) -> None:
        bar = self._bars.pop(run_id, None)
        if bar is not None:
            with contextlib.suppress(OSError):
                bar.close()
                if self._several:  # a bar that gives way leaves the cursor at its right end
                    sys.stderr.write("\r")
                    sys.stderr.flush()
