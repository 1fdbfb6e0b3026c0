"""The host's half of the door where an engine can't mount ours: connections carried over an `exec` in the container.

The relay in the container (`agent/relay.py`) says that somebody connected at one of the door's sockets; here that is
connected to the socket of that name in the run's own door. It is bounded like the door itself: so many channels, so
many bytes on the way. What it is sent is the container's word: a frame that can't be meant ends the relay.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError
from harness.sandbox.failure import engine_errors

HEAD = struct.Struct("!IBI")
HELLO, OPEN, DATA, END, CLOSE, CREDIT = range(1, 7)
WINDOW = 1 << 18
CHUNK = 1 << 15
MOST_CHANNELS = 600  # the gateway takes 512
MULTIPLEXED = struct.Struct("!BxxxI")  # before each piece of an exec's output: which stream, how long
STDOUT = 1
START_SECONDS = 60.0
LONGEST_TROUBLE = 2000


@dataclass
class _Channel:
    writer: asyncio.StreamWriter | None = None
    coming: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    waiting_bytes: int = 0
    credit: int = WINDOW
    more: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class _Broken(Exception):
    """The container's half sent what can't be meant."""


class DoorRelay:
    """Carries a door into one container. `failed_since` may be read from any thread."""

    def __init__(self, client: Any, container_id: str, command: Sequence[str], user: str) -> None:
        self._client = client
        self._container_id = container_id
        self._command = list(command)
        self._user = user
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._closing = False
        self._trouble = b""
        self._end = ""
        self._raw: Any = None  # kept: it closes the connection when it is let go
        self.failed_since: float | None = None

    def start(self, door: Path, names: Sequence[str]) -> None:
        """Start the container's half; when this returns, it listens. Raise `InfrastructureError`."""
        api = self._client.api
        with engine_errors():
            made = api.exec_create(self._container_id, self._command, stdin=True, user=self._user)
            self._raw = api.exec_start(made["Id"], socket=True)
        connection = _plain(getattr(self._raw, "_sock", self._raw))
        self._thread = threading.Thread(
            target=self._run, args=(connection, door, tuple(names)), name="podium-relay", daemon=True
        )
        self._thread.start()
        if not self._ready.wait(START_SECONDS) or self.failed_since is not None:
            self.close()
            raise InfrastructureError(f"the door could not be carried into the container: {self.reason}. Try it again")

    @property
    def reason(self) -> str:
        """Why it ended, in words."""
        said = self._trouble[-LONGEST_TROUBLE:].decode("utf-8", "replace").strip()
        return " ".join(filter(None, (self._end, said))) or "it did not answer"

    def close(self) -> None:
        """End it; idempotent."""
        self._closing = True
        if self._loop is not None and self._over is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended already
                self._loop.call_soon_threadsafe(self._over.set)
        if self._thread is not None:
            self._thread.join()

    def _run(self, connection: socket.socket, door: Path, names: tuple[str, ...]) -> None:
        try:
            asyncio.run(self._carry(connection, door, names))
        except (OSError, EOFError, _Broken) as error:
            self._end = f"{type(error).__name__}: {error}"
        finally:
            if not self._closing:
                self.failed_since = time.monotonic()
            self._ready.set()
            connection.close()

    async def _carry(self, connection: socket.socket, door: Path, names: tuple[str, ...]) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        connection.setblocking(False)
        carrying = asyncio.create_task(_Carrier(self, connection, door, names).run())
        over = asyncio.create_task(self._over.wait())
        await asyncio.wait({carrying, over}, return_when=asyncio.FIRST_COMPLETED)
        for task in (carrying, over):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await carrying

    def listens(self) -> None:
        """The container's half is up."""
        self._ready.set()

    def complains(self, words: bytes) -> None:
        """Keep the end of what the container's half says went wrong."""
        self._trouble = (self._trouble + words)[-LONGEST_TROUBLE:]


class _Carrier:
    """Reads and writes the socket itself: asyncio's streams drop what arrived as soon as a write fails."""

    def __init__(self, relay: DoorRelay, connection: socket.socket, door: Path, names: tuple[str, ...]) -> None:
        self._relay = relay
        self._connection = connection
        self._door = door
        self._names = names
        self._channels: dict[int, _Channel] = {}
        self._turn = asyncio.Lock()
        self._writes: set[asyncio.Task[None]] = set()
        self._arrived = b""
        self._buffer = bytearray()

    async def run(self) -> None:
        try:
            with contextlib.suppress(OSError):  # it has ended: what it said is read below
                await self._send(0, HELLO)
            while True:
                await self._take(*await self._frame())
        finally:
            for channel in self._channels.values():
                if channel.task is not None:
                    channel.task.cancel()

    async def _take(self, number: int, kind: int, data: bytes) -> None:
        channel = self._channels.get(number)
        if kind == HELLO:
            self._relay.listens()
        elif kind == OPEN:
            self._open(number, data)
        elif channel is None:
            return  # it was closed here while that was on its way
        elif kind == DATA:
            channel.waiting_bytes += len(data)
            if channel.waiting_bytes > WINDOW:
                raise _Broken("more bytes than were allowed")
            channel.coming.put_nowait(data)
        elif kind == END:
            channel.coming.put_nowait(None)
        elif kind == CREDIT and len(data) == 4:
            channel.credit = min(WINDOW, channel.credit + struct.unpack("!I", data)[0])
            channel.more.set()
        elif kind == CLOSE:
            if channel.task is not None:
                channel.task.cancel()
        else:
            raise _Broken(f"a frame of the kind {kind}")

    def _open(self, number: int, data: bytes) -> None:
        if number in self._channels or len(data) != 1 or data[0] >= len(self._names):
            raise _Broken("a channel that can't be opened")
        if len(self._channels) >= MOST_CHANNELS:
            raise _Broken(f"more than {MOST_CHANNELS} channels")
        channel = self._channels[number] = _Channel()
        channel.task = asyncio.create_task(self._serve(number, channel, self._door / self._names[data[0]]))

    async def _serve(self, number: int, channel: _Channel, path: Path) -> None:
        try:
            reader, channel.writer = await asyncio.open_unix_connection(str(path))
            await asyncio.gather(self._out(number, channel, reader), self._in(number, channel, channel.writer))
        except OSError:  # the gateway hung up: so does this side
            pass
        finally:
            self._channels.pop(number, None)
            if channel.writer is not None:
                channel.writer.close()
            with contextlib.suppress(OSError):
                await self._send(number, CLOSE)

    async def _out(self, number: int, channel: _Channel, reader: asyncio.StreamReader) -> None:
        while True:
            while channel.credit <= 0:
                channel.more.clear()
                await channel.more.wait()
            data = await reader.read(min(CHUNK, channel.credit))
            if not data:
                break
            channel.credit -= len(data)
            await self._send(number, DATA, data)
        await self._send(number, END)

    async def _in(self, number: int, channel: _Channel, writer: asyncio.StreamWriter) -> None:
        while (data := await channel.coming.get()) is not None:
            writer.write(data)
            await writer.drain()
            channel.waiting_bytes -= len(data)
            await self._send(number, CREDIT, struct.pack("!I", len(data)))
        writer.write_eof()

    async def _frame(self) -> tuple[int, int, bytes]:
        number, kind, length = HEAD.unpack(await self._read(HEAD.size))
        if length > WINDOW:
            raise _Broken(f"a frame of {length} bytes")
        return number, kind, await self._read(length)

    async def _read(self, size: int) -> bytes:
        """So many bytes of the relay's standard output; what it writes to its standard error is kept for a message."""
        while len(self._buffer) < size:
            head = b""
            while len(head) < MULTIPLEXED.size:
                head += await self._some(MULTIPLEXED.size - len(head))
            stream, length = MULTIPLEXED.unpack(head)
            while length > 0:
                part = await self._some(length)
                length -= len(part)
                if stream == STDOUT:
                    self._buffer += part
                else:
                    self._relay.complains(part)
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _some(self, most: int) -> bytes:
        """From 1 to `most` bytes of what the engine sends. Raise `EOFError` at its end."""
        if not self._arrived:
            self._arrived = await asyncio.get_running_loop().sock_recv(self._connection, 1 << 16)
            if not self._arrived:
                raise EOFError("the connection ended")
        part, self._arrived = self._arrived[:most], self._arrived[most:]
        return part

    async def _send(self, number: int, kind: int, data: bytes = b"") -> None:
        """Send a frame whole, even where who sends it is cancelled meanwhile."""
        write = asyncio.create_task(self._write(HEAD.pack(number, kind, len(data)) + data))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)
        await asyncio.shield(write)

    async def _write(self, frame: bytes) -> None:
        async with self._turn:
            await asyncio.get_running_loop().sock_sendall(self._connection, frame)


def _plain(connection: socket.socket) -> socket.socket:
    """The connection, or where it is TLS, an end that one thread carries it to: no two may use TLS at a time."""
    if not isinstance(connection, ssl.SSLSocket):
        connection.settimeout(None)
        return connection
    here, there = socket.socketpair()
    threading.Thread(target=_carry_tls, args=(connection, there), name="podium-relay-tls", daemon=True).start()
    return here


def _carry_tls(tls: ssl.SSLSocket, plain: socket.socket) -> None:
    tls.settimeout(None)
    with tls, plain, contextlib.suppress(OSError):
        while True:
            ready = [tls] if tls.pending() else select.select([tls, plain], [], [])[0]
            for source, target in ((tls, plain), (plain, tls)):
                if source in ready:
                    data = source.recv(CHUNK)
                    if not data:
                        return
                    target.sendall(data)
