"""Two ways to start a candidate: warm, as a child of the fork server, or plain, as `python solution.py`.

Both give the same: a process in the slot, under its uid, with a descriptor that becomes readable when it ends. A warm
start that fails in any way (server gone or hung, child that never says that it started) raises `NotStarted`, and the
caller starts plainly.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, NoReturn, Protocol

from agent.supervisor import confine, identity, protocol, script
from agent.supervisor.environment import candidate_environment, own_packages
from agent.supervisor.places import Ground, Slot
from agent.supervisor.shares import gpus_of

STARTED = b"+"
START_SECONDS = 5.0
STATUS_SECONDS = 5.0


class NotStarted(Exception):
    """The process did not reach the point where a script would begin."""


class ServerHangs(NotStarted):
    """The fork server is there and does not answer."""


class Exit(NamedTuple):
    """How a process ended: as `os.waitstatus_to_exitcode` has it (None: unknown), and its peak memory."""

    code: int | None
    peak_memory_bytes: int


class Started(Protocol):
    """A running candidate."""

    pidfd: int

    def wait(self) -> Exit:
        """Collect the status of a process that has ended, and release what was held for it."""


@dataclass(frozen=True)
class Order:
    """What is to be started, and where its output goes."""

    slot: Slot
    file_bytes: int
    cpus: tuple[int, ...]
    output: int


@dataclass
class Plain:
    """A child of this process."""

    pid: int
    pidfd: int

    def wait(self) -> Exit:
        """See `Started.wait`."""
        os.close(self.pidfd)
        _, status, usage = os.wait4(self.pid, 0)
        return Exit(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)


@dataclass
class Warm:
    """A child of the fork server, which sends its status."""

    line: socket.socket
    pidfd: int

    def wait(self) -> Exit:
        """See `Started.wait`; a server that has died meanwhile leaves the status unknown."""
        os.close(self.pidfd)
        if not _readable(self.line.fileno(), STATUS_SECONDS):
            return Exit(None, 0)
        try:
            message, _ = protocol.receive(self.line)
            raw = json.loads(message)
        except (protocol.Closed, protocol.Malformed):
            return Exit(None, 0)
        return Exit(int(raw["code"]), int(raw["peak_memory_bytes"]))


def start_plain(order: Order, ground: Ground) -> Plain:
    """Fork, confine and execute the candidates' own Python."""
    with _pipe() as (reading, writing):
        pid = os.fork()
        if pid == 0:
            _plain_child(order, ground, writing.take())
        writing.close()
        child = Plain(pid, os.pidfd_open(pid))
        if trouble := _read(reading, time.monotonic() + START_SECONDS):
            _end(child, order.slot)
            raise NotStarted(trouble.decode(errors="replace"))
        return child


def _end(child: Plain, slot: Slot) -> None:
    """End a child that may still be root or the candidate already."""
    with contextlib.suppress(PermissionError, ProcessLookupError):
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
    identity.end_all(slot.identity)
    child.wait()


def _plain_child(order: Order, ground: Ground, started: int) -> NoReturn:
    """A successful exec closes `started` unwritten; anything else is said there."""
    try:
        confine.take_descriptors(order.output, started)
        confine.stand_apart()
        confine.enter(order.slot, ground, order.file_bytes, order.cpus)
        gpus = gpus_of(order.slot.number, ground.slots)
        environment = candidate_environment(order.slot.folder, len(order.cpus), gpus, ground.given)
        own_packages(environment)
        os.execve(ground.python, [str(ground.python), script.NAME], environment)  # noqa: S606 - no shell
    except BaseException as error:  # the last line of a forked child
        with contextlib.suppress(OSError):
            os.write(confine.STARTED, f"{type(error).__name__}: {error}".encode()[:2000])
    os._exit(70)


def start_warm(order: Order, line: socket.socket) -> Warm:
    """Ask the fork server for a child, and wait until the child says that its script begins."""
    with _pipe() as (reading, writing):
        message = json.dumps({"slot": order.slot.number, "file_bytes": order.file_bytes, "cpus": order.cpus})
        try:
            protocol.send(line, message.encode(), [order.output, writing.fd])
            writing.close()
            pidfd = _answered(line)
        except (protocol.Closed, protocol.Malformed) as error:
            raise NotStarted(f"the fork server is gone: {error}") from None
        said = _read(reading, time.monotonic() + START_SECONDS)
        if said != STARTED:
            # Closing `reading` comes first for the caller: a child that starts later finds nobody and ends.
            os.close(pidfd)
            raise NotStarted(said.decode(errors="replace") or "the child did not say that it started")
        return Warm(line, pidfd)


def _answered(line: socket.socket) -> int:
    if not _readable(line.fileno(), START_SECONDS):
        raise ServerHangs("the fork server did not answer in time")
    message, descriptors = protocol.receive(line, most_descriptors=1)
    if len(descriptors) != 1:
        raise NotStarted(message.decode(errors="replace"))
    return descriptors[0]


def _read(reading: int, deadline: float) -> bytes:
    """What the child says: one packet, or nothing when it closed its end or let the time pass."""
    if not _readable(reading, deadline - time.monotonic()):
        return b"no sign of the child in time"
    return os.read(reading, 4096)


def _readable(descriptor: int, seconds: float) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(max(0.0, seconds) * 1000))


class _End:
    """One end of a pipe, closed once."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def take(self) -> int:
        """Hand the descriptor over: whoever takes it closes it."""
        fd, self.fd = self.fd, -1
        return fd

    def close(self) -> None:
        """Close it if that has not happened."""
        if self.fd >= 0:
            os.close(self.take())


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, _End]]:
    reading, raw = os.pipe()
    writing = _End(raw)
    try:
        yield reading, writing
    finally:
        os.close(reading)
        writing.close()
