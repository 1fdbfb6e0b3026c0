"""Ctrl-C, and what else asks a command to end.

While runs go on: once is orderly, running agents finish their node; twice is now, containers are removed at once; a
third time ends the command wherever it is. Before and after runs, once is enough. A closed terminal counts as Ctrl-C.
SIGTERM is now at the first time: who sends it (a service manager, a batch system) kills soon after, and a script may
take hours.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from harness.runs.stopping import StopFlag
from harness.verbs.progress import Say

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], None]


@contextlib.contextmanager
def prompt_interrupts() -> Iterator[None]:
    """Inside the block every one of the signals raises KeyboardInterrupt, so that what is half-made is taken away."""

    def handle(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handling(handle):
        yield


@contextlib.contextmanager
def orderly_interrupts(stop: StopFlag, say: Say) -> Iterator[None]:
    """Inside the block the first signal sets `stop`, the second, or a SIGTERM, sets it to at once, the third raises."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.at_once():
            raise KeyboardInterrupt
        if stop.in_order() or number == signal.SIGTERM:
            stop.set(at_once=True)
            say("podium: stopping now, as soon as the containers are removed")
        else:
            stop.set()
            say("podium: stopping when the running nodes are done; press Ctrl-C again to stop now")

    with _handling(handle):
        yield


@contextlib.contextmanager
def _handling(handler: Handler) -> Iterator[None]:
    # A signal that the caller of this command chose to ignore (nohup) stays ignored.
    chosen = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in chosen}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
