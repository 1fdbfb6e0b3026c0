"""Ctrl-C once is orderly: running agents finish their node. Twice is now: containers are removed at once."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from harness.progress import Say
from harness.schedule import StopFlag


@contextlib.contextmanager
def orderly_interrupts(stop: StopFlag, say: Say) -> Iterator[None]:
    """Inside the block the first SIGINT or SIGTERM sets `stop`; the next raises KeyboardInterrupt."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stop():
            raise KeyboardInterrupt
        stop.set()
        say("\npodium: stopping when the running nodes are done; press Ctrl-C again to stop now")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
