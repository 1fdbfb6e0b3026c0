"""Follows one running process: takes its output, and says why following ended.

It ends nothing itself: a caller that stops following a process because of its time or its output ends it.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from enum import Enum

from agent.supervisor.capture import Capture

READ_BYTES = 256 * 1024


class Stop(Enum):
    """Why following ended; the value completes "ended: …"."""

    EXITED = "it exited"
    TIMED_OUT = "its time was up"
    FLOODED = "it printed too much"
    MEMORY = "it used more than its share of memory"
    PROCESSES = "it started more than its share of processes"
    DISK = "it kept the disk full"


def follow(
    pidfd: int,
    pipe: int,
    capture: Capture,
    deadline: float,
    check: Callable[[], Stop | None] = lambda: None,
    every_seconds: float = 0.1,
) -> Stop:
    """Pump `pipe` into `capture` until the process exits, `deadline` (monotonic) passes or `check` has a reason.

    A closed pipe is not the end: a script may close its output and go on working.
    """
    os.set_blocking(pipe, False)
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    poller.register(pipe, select.POLLIN)
    next_check = time.monotonic() + every_seconds
    while (now := time.monotonic()) < deadline:
        if now >= next_check:
            if (reason := check()) is not None:
                return reason
            next_check = time.monotonic() + every_seconds
        wait = min(deadline, next_check) - time.monotonic()
        ready = {fd for fd, _ in poller.poll(max(0.0, wait) * 1000)}
        if pipe in ready and not _take(pipe, capture):
            poller.unregister(pipe)
        if capture.flooded:
            return Stop.FLOODED
        if pidfd in ready:
            return Stop.EXITED
    return Stop.TIMED_OUT


def drain(pipe: int, capture: Capture, limit_bytes: int = 2 * 1024 * 1024) -> None:
    """Take what is left in the pipe; bounded, since somebody may still hold its other end."""
    os.set_blocking(pipe, False)
    end = capture.total + limit_bytes
    while capture.total < end and _take(pipe, capture, until_empty=True):
        pass


def _take(pipe: int, capture: Capture, until_empty: bool = False) -> bool:
    """Read once; False at the end of the stream (or, when emptying, as soon as nothing is there)."""
    try:
        data = os.read(pipe, READ_BYTES)
    except BlockingIOError:
        return not until_empty
    capture.add(data)
    return bool(data)
