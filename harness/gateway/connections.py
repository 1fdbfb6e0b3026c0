"""Bounds on what a container can hold open at the gateway: connections, unfinished request heads, bodies in memory.

The gateways of all runs live in one process of the host, so one run's container must not be able to use up its file
descriptors or its memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_CONNECTIONS = 512
_MOST_HEAD_BYTES = 64 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, which turns away connections over the cap and ends endless request heads."""

    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= MOST_CONNECTIONS:
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        waiting_for_head = self.cycle is None or self.cycle.response_complete
        self._head_bytes = self._head_bytes + len(data) if waiting_for_head else 0
        if self._head_bytes > _MOST_HEAD_BYTES:
            self.transport.abort()


class TooLarge(Exception):
    """A body beyond its own cap, or beyond what all bodies in flight may hold together."""


class BodyMemory:
    """Counts the bytes of all bodies in flight. Used from one event loop."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0

    @contextmanager
    def hold(self, most_bytes: int) -> Iterator[BodyShare]:
        """One body's share of at most `most_bytes`, given back at the end."""
        share = BodyShare(self, most_bytes)
        try:
            yield share
        finally:
            self._held_bytes -= share.held_bytes

    def take(self, size_bytes: int) -> None:
        if self._held_bytes + size_bytes > self._most_bytes:
            raise TooLarge(f"The bodies in flight exceed {self._most_bytes} bytes together.")
        self._held_bytes += size_bytes


class BodyShare:
    """What one body holds of the memory."""

    def __init__(self, memory: BodyMemory, most_bytes: int) -> None:
        self._memory = memory
        self._most_bytes = most_bytes
        self.held_bytes = 0

    def add(self, size_bytes: int) -> None:
        """Count more bytes of this body, or raise TooLarge."""
        if self.held_bytes + size_bytes > self._most_bytes:
            raise TooLarge(f"The body is larger than {self._most_bytes} bytes.")
        self._memory.take(size_bytes)
        self.held_bytes += size_bytes
