"""The user's wish to end a command: in order, letting each running agent finish its node, or at once.

Only a flag: `interrupt.py` sets it, the queue and the running runs ask it.
"""

from __future__ import annotations

import threading


class StopFlag:
    """Set from a signal handler; asked from any thread."""

    def __init__(self) -> None:
        self._in_order = threading.Event()
        self._at_once = threading.Event()

    def set(self, *, at_once: bool = False) -> None:
        """Ask for an end."""
        self._in_order.set()
        if at_once:
            self._at_once.set()

    def in_order(self) -> bool:
        """Are runs to end after the node they are at, and no others to start?"""
        return self._in_order.is_set()

    def at_once(self) -> bool:
        """Are runs to end now?"""
        return self._at_once.is_set()
