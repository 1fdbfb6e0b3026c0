"""The proxy of one run: HTTP on a Unix socket beside the gateway's, in a thread with an event loop of its own.

It serves `CONNECT` and plain `http://` requests towards the hosts of the run's allowlist, and nothing else: no endpoint
of the gateway, no address of this machine or of a private network. TLS stays end to end; the server name in a tunnel's
first message must be the host that the tunnel was opened for. What goes through it is counted and written down
(`log.py`), not read. What it can't see: what is asked for inside the encryption, and what is sent along with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any

import uvloop

from harness.contract import EGRESS_SOCKET_NAME
from harness.egress.addresses import Reach, is_own
from harness.egress.choice import Egress
from harness.egress.hello import MOST_BYTES, NotTls, server_name
from harness.egress.log import NAME, EgressLog, Entry, Totals
from harness.egress.request import MOST_HEAD_BYTES, Asked, Refused, read_head
from harness.errors import InfrastructureError

_GRACE_SECONDS = 0.5


@dataclass(frozen=True)
class ProxyCaps:
    """Bounds on what a box can hold open and move."""

    connections: int = 64  # at a time; a further one waits for none and is turned away
    total_bytes: int = 64 << 30  # of a run, both ways
    head_seconds: float = 20.0
    connect_seconds: float = 20.0
    idle_seconds: float = 300.0
    chunk_bytes: int = 1 << 16


class Proxy:
    """Serves one run. `totals` and `failure` may be read from any thread, also after the end."""

    def __init__(
        self,
        *,
        door: Path,
        run_folder: Path,
        egress: Egress,
        reach: Reach,
        caps: ProxyCaps = ProxyCaps(),
    ) -> None:
        self.socket = door / EGRESS_SOCKET_NAME
        self._egress = egress
        self._reach = reach
        self._caps = caps
        self._log = EgressLog(run_folder / NAME)
        self._moved_bytes = 0
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._ready = threading.Event()
        self._crash: BaseException | None = None
        self.failure: InfrastructureError | None = None
        self._thread = threading.Thread(target=self._run, name="podium-egress", daemon=True)

    @property
    def totals(self) -> Totals:
        """What went through so far."""
        return self._log.totals

    def __enter__(self) -> Proxy:
        self.socket.unlink(missing_ok=True)
        self._thread.start()
        self._ready.wait()
        if self._crash is not None:
            self._thread.join()
            words = f"The proxy could not start at {self.socket}: {self._crash}"
            raise InfrastructureError(words) from self._crash
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._over is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended already
                self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._log.close()
        self.socket.unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # the thread's outermost boundary: whoever waits for it must hear of it
            self._crash = error
            self.failure = InfrastructureError(f"The run's proxy has ended: {error!r}")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_unix_server(self._take, str(self.socket), limit=MOST_HEAD_BYTES)
        self.socket.chmod(0o666)  # who reaches it is the folder's matter, as with the gateway's
        self._ready.set()
        async with server:
            await self._over.wait()
            server.close()
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel("the run is over")
            if tasks:
                await asyncio.wait(tasks, timeout=_GRACE_SECONDS)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection; one over the cap is told so and closed."""
        task = asyncio.current_task()
        assert task is not None
        if self._open >= 2 * self._caps.connections:  # those that have not asked yet are bounded, too
            writer.transport.abort()
            return
        self._tasks.add(task)
        self._open += 1
        try:
            await _Connection(reader, writer, self).serve()
        except asyncio.CancelledError:
            return  # the run is over; what was moved is written down
        finally:
            self._open -= 1
            self._tasks.discard(task)
            writer.close()

    # What a connection asks of the proxy

    @property
    def caps(self) -> ProxyCaps:
        """The bounds."""
        return self._caps

    def refuse(self, asked: Asked) -> None:
        """Raise `Refused` for what the allowlist does not allow."""
        if not self._egress.allows(asked.host, asked.port):
            raise Refused(403, f"{asked.host}:{asked.port} is not on this run's allowlist")

    def refuse_full(self) -> None:
        """Raise `Refused` where there are enough connections already, or enough was moved."""
        if self._open > self._caps.connections:
            raise Refused(429, f"{self._caps.connections} connections at a time are the most; close some")
        if self._moved_bytes >= self._caps.total_bytes:
            raise Refused(403, f"this run has moved its {self._caps.total_bytes:,} bytes")

    def count(self, size: int) -> bool:
        """Count bytes that were moved; False where that was too many."""
        self._moved_bytes += size
        return self._moved_bytes <= self._caps.total_bytes

    async def dial(self, asked: Asked, entry: Entry) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first address that may be, and can be."""
        try:
            found = await asyncio.wait_for(self._reach.resolve(asked.host, asked.port), self._caps.connect_seconds)
        except (OSError, UnicodeError, TimeoutError) as error:
            entry.outcome = "unreachable"
            raise Refused(502, f"{asked.host} can't be resolved") from error
        allowed = [address for address in found if self._allows(asked, address)]
        if not allowed:
            entry.address = found[0] if found else None
            raise Refused(403, f"{asked.host} is at no public address, nor at one that the allowlist names")
        for address in allowed[:4]:
            entry.address = address
            with contextlib.suppress(OSError, TimeoutError):
                reader, writer = await asyncio.wait_for(
                    asyncio.open_connection(address, asked.port), self._caps.connect_seconds
                )
                if is_own(writer.get_extra_info("socket")) and not self._reach.allows("127.0.0.1"):
                    writer.close()
                    raise Refused(403, f"{asked.host} is this machine")
                return reader, writer
        entry.outcome = "unreachable"
        raise Refused(502, f"{asked.host}:{asked.port} does not answer")

    def _allows(self, asked: Asked, address: str) -> bool:
        return self._reach.allows(address) or self._egress.allows_at(asked.host, asked.port, address)

    def note(self, entry: Entry) -> None:
        """Write a connection down; a full disk ends the run."""
        try:
            self._log.write(entry)
        except (OSError, ValueError) as error:
            self.failure = self.failure or InfrastructureError(f"{NAME} can't be written: {error}. Make room (df -h)")


class _Silent(Exception):
    """A connection that was opened and closed, and asked for nothing."""


@dataclass
class _Connection:
    """One connection from the box, from its first byte to its line in the log."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    proxy: Proxy
    entry: Entry = field(default_factory=Entry)

    async def serve(self) -> None:
        started = time.monotonic()
        upstream: asyncio.StreamWriter | None = None
        try:
            asked = await self._head()
            self.proxy.refuse_full()
            self.proxy.refuse(asked)
            there, upstream = await self.proxy.dial(asked, self.entry)
            if asked.is_tunnel:
                await self._tunnel(asked, there, upstream)
            else:
                await self._pass_on(asked, there, upstream)
        except Refused as refused:
            self.entry.reason = str(refused)
            await self._say(refused.status, str(refused))
        except _Silent:
            return
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            self.entry.outcome = "cut" if self.entry.bytes_down else self.entry.outcome
            self.entry.reason = self.entry.reason or type(error).__name__
        except asyncio.CancelledError:
            self.entry.reason = "the run was over"
            raise
        finally:
            if upstream is not None:
                upstream.close()
            self.entry.seconds = round(time.monotonic() - started, 3)
            if self.entry.kind != "none" or self.entry.reason is not None:
                self.proxy.note(self.entry)

    async def _head(self) -> Asked:
        try:
            raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), self.proxy.caps.head_seconds)
        except asyncio.LimitOverrunError:
            raise Refused(400, "the request's head is too long") from None
        except TimeoutError:
            raise Refused(408, "no request came in time") from None
        except asyncio.IncompleteReadError as error:
            if not error.partial:
                raise _Silent from None
            raise
        asked = read_head(raw[:-4])
        self.entry.host, self.entry.port = asked.host, asked.port
        self.entry.kind, self.entry.method = ("tunnel" if asked.is_tunnel else "http"), asked.method
        return asked

    async def _tunnel(self, asked: Asked, there: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        self.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await self.writer.drain()
        hello = await self._hello(asked)
        self.entry.outcome = "passed"
        self._up(len(hello))
        upstream.write(hello)
        await upstream.drain()
        await self._both(self._pump(self.reader, upstream, self._up), self._pump(there, self.writer, self._down))

    async def _hello(self, asked: Asked) -> bytes:
        """The tunnel's first message, which must ask for the host that the tunnel was opened for.

        After the 200 nothing can be said any more: what is refused here is closed.
        """
        hello = b""
        while len(hello) <= MOST_BYTES:
            more = await asyncio.wait_for(self.reader.read(self.proxy.caps.chunk_bytes), self.proxy.caps.head_seconds)
            hello += more
            try:
                name = server_name(hello)
            except NotTls as error:
                self.entry.reason = f"no TLS through the tunnel: {error}"
                raise ConnectionAbortedError from error
            if name == asked.host:
                return hello
            if name is not None or not more:
                self.entry.reason = f"the TLS connection asks for {name}" if name else "it ended before TLS began"
                raise ConnectionAbortedError
        self.entry.reason = "no TLS through the tunnel: its first message is too long"
        raise ConnectionAbortedError

    async def _pass_on(self, asked: Asked, there: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        self.entry.outcome = "passed"
        self._up(len(asked.head))
        upstream.write(asked.head)
        await self._both(self._body(asked.body_bytes, upstream), self._pump(there, self.writer, self._down))

    async def _body(self, left: int, upstream: asyncio.StreamWriter) -> None:
        """Pass on as many bytes as were stated and not one more: what follows might be meant for another host."""
        while left > 0:
            data = await self._read(self.reader, min(left, self.proxy.caps.chunk_bytes))
            if not data:
                raise ConnectionResetError
            left -= len(data)
            self._up(len(data))
            upstream.write(data)
            await upstream.drain()

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, moved: Callable[[int], None]
    ) -> None:
        while data := await self._read(source, self.proxy.caps.chunk_bytes):
            moved(len(data))
            target.write(data)
            await target.drain()
        with contextlib.suppress(OSError):
            target.write_eof()

    async def _read(self, source: asyncio.StreamReader, size: int) -> bytes:
        return await asyncio.wait_for(source.read(size), self.proxy.caps.idle_seconds)

    async def _both(self, up: Coroutine[Any, Any, None], down: Coroutine[Any, Any, None]) -> None:
        """Until the answer's end, or until one side breaks; the end of what is sent up ends nothing."""
        upward, downward = asyncio.create_task(up), asyncio.create_task(down)
        try:
            done, _ = await asyncio.wait({upward, downward}, return_when=asyncio.FIRST_COMPLETED)
            if downward not in done:
                upward.result()
                await downward
            downward.result()
        finally:
            for task in (upward, downward):
                task.cancel()
            await asyncio.gather(upward, downward, return_exceptions=True)

    def _up(self, size: int) -> None:
        self.entry.bytes_up += size
        self._count(size)

    def _down(self, size: int) -> None:
        self.entry.bytes_down += size
        self._count(size)

    def _count(self, size: int) -> None:
        if not self.proxy.count(size):
            self.entry.reason = f"this run has moved its {self.proxy.caps.total_bytes:,} bytes"
            raise ConnectionAbortedError

    async def _say(self, status: int, reason: str) -> None:
        """Tell the box why; it may be gone already."""
        body = f"Podium: {reason}\n".encode()
        first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
        fields = f"content-type: text/plain\r\ncontent-length: {len(body)}\r\nconnection: close"
        self.writer.write(f"{first}\r\n{fields}\r\n\r\n".encode() + body)
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(self.writer.drain(), self.proxy.caps.head_seconds)
