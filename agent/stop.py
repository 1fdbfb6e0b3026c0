"""SIGTERM as an orderly end: it interrupts waiting (a model call, a candidate), never the recording of a node.

Belongs to the main thread, where Python runs signal handlers.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from agent.ends import StopRequested


class StopSwitch:
    """Remembers that an end was asked for; raises `StopRequested` at once where the code says that it may."""

    def __init__(self) -> None:
        self._requested = False
        self._waiting = False

    def install(self) -> None:
        """Answer SIGTERM and SIGINT with this switch."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def request(self) -> None:
        """Ask for an end; takes effect now when inside `waiting`, else at the next `check`."""
        self._requested = True
        if self._waiting:
            self._waiting = False  # once: what cleans up on the way out must not be interrupted again
            raise StopRequested("the agent was asked to end")

    def check(self) -> None:
        """Raise `StopRequested` if an end was asked for."""
        if self._requested:
            raise StopRequested("the agent was asked to end")

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Mark a stretch that may be broken off anywhere: nothing in it is half-recorded."""
        self._waiting = True
        try:
            self.check()
            yield
        except Exception:
            self.check()  # a library may have turned the interruption into an error of its own
            raise
        finally:
            self._waiting = False

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self.request()
