"""Carries tasks out in threads of this process: each run's own work is in its container, not here."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

from harness.groups.executor import Event, HandedIn, Raised, Task, Vanished, Work, WorkerGone
from harness.runs.stopping import StopFlag


class LocalExecutor:
    """A thread a task, on this machine."""

    silence_seconds: float | None = None  # threads live as long as this process

    def __init__(self, work: Work) -> None:
        self._work = work
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._running: dict[int, tuple[threading.Thread, StopFlag]] = {}

    def submit(self, task: Task) -> None:
        """Start the task's thread."""
        flag = StopFlag()
        thread = threading.Thread(target=self._carry_out, args=(task, flag), name=f"run-{task.run_id}")
        self._running[task.token] = thread, flag
        thread.start()

    def next_event(self, timeout_seconds: float) -> Event | None:
        """Wait for one."""
        try:
            event = self._events.get(timeout=timeout_seconds)
        except Empty:
            return None
        thread, _ = self._running.pop(event.token)
        thread.join()  # it has said its last word
        return event

    def cancel(self, token: int, *, at_once: bool) -> None:
        """Set the task's flag."""
        if token in self._running:
            self._running[token][1].set(at_once=at_once)

    def close(self) -> None:
        """End all, at once, and wait for their threads."""
        for token in self._running:
            self.cancel(token, at_once=True)
        for thread, _ in self._running.values():
            thread.join()

    def _carry_out(self, task: Task, flag: StopFlag) -> None:
        try:
            self._events.put(HandedIn(task.token, self._work(task, flag)))
        except WorkerGone as gone:  # where the thread only looks after a run that is elsewhere
            self._events.put(Vanished(task.token, str(gone)))
        except BaseException as error:  # the coordinator's to judge
            self._events.put(Raised(task.token, error))
