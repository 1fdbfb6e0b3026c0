"""SIGTERM as an orderly end: it is remembered, and whoever waits is told. It interrupts nothing by itself.

Belongs to the main thread, where Python runs signal handlers.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from agent.ends import StopRequested


def _nobody() -> None:
    """Be told, and do nothing."""


class StopSwitch:
    """Remembers that an end was asked for."""

    def __init__(self) -> None:
        self.requested = False
        self._tell: Callable[[], None] = _nobody

    def install(self) -> None:
        """Answer SIGTERM and SIGINT with this switch."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def tell(self, call: Callable[[], None]) -> None:
        """Have `call` called when an end is asked for; it must be safe inside a signal handler."""
        self._tell = call

    def request(self) -> None:
        """Ask for an end, from any thread."""
        self.requested = True
        self._tell()

    def check(self) -> None:
        """Raise `StopRequested` if an end was asked for."""
        if self.requested:
            raise StopRequested("the agent was asked to end")

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self.request()
