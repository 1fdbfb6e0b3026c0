"""The fork server: imports the science stack once, then forks a child a candidate, which starts in milliseconds.

It runs on the candidates' Python, as root with SETUID and SETGID, and executes nothing of theirs itself: a child gives
up its uid before it reads the script. It answers keepers only, over sockets that the supervisor hands it. It does not
time or end candidates; keepers do. If it dies or hangs, keepers start plainly and the supervisor starts another.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from agent.supervisor import confine, preload, protocol, rehearsal, script
from agent.supervisor.environment import candidate_environment, own_packages
from agent.supervisor.places import Ground
from agent.supervisor.shares import gpus_of
from agent.supervisor.starting import STARTED

SERVING, IMPORTED, READY = b"serving", b"imported", b"ready"  # answers from now on; one import more; and all of them
SPARE_SECONDS = 0.5  # after a start: forking the next spare at once would take the new script's CPU
IDLE_SPARE_SECONDS = 0.02  # where a CPU has nothing to do
UNFIT = 70  # the exit status that says: another one would be the same


@dataclass(frozen=True)
class _Order:
    slot: int
    file_bytes: int
    cpus: list[int]


@dataclass
class _Child:
    pid: int
    pidfd: int
    line: socket.socket


class ForkServer:
    """Forks for every line; `control` brings lines and, by closing, the end.

    It answers between two imports too: the first script begins with what is there by then and imports the rest itself,
    rather than wait for what it may not need. Once all is there one child is forked in advance, the *spare*: it waits
    as root for an order, so that fork, and copying the pages that every child writes to, are over when the order comes.
    While a CPU is idle it does in advance what most scripts do first: see `rehearsal`. Without a spare a child is
    forked for the order.
    """

    def __init__(self, control: socket.socket, ground: Ground) -> None:
        self._control = control
        self._ground = ground
        self._setters: list[preload.SetThreads] = []
        self._own_modules = [name for name in sys.modules if name == "agent" or name.startswith("agent.")]
        self._lines: dict[int, socket.socket] = {}
        self._children: dict[int, _Child] = {}
        self._spare: _Child | None = None
        self._spare_at = 0.0
        self._imported = False
        self._cpus = len(os.sched_getaffinity(0))
        self._rehearses = True

    def serve(self, modules: Sequence[str]) -> None:
        """Import, answering meanwhile; say that it is ready; then answer until the supervisor closes the control line.

        Leave with `UNFIT` where an import started a thread.
        """
        confine.prepare(self._ground)
        with contextlib.suppress(protocol.Closed):
            protocol.send(self._control, SERVING)
            self._import(modules)
            protocol.send(self._control, READY)
            while True:
                timeout = max(0.0, self._spare_at - time.monotonic()) * 1000 if self._spare is None else None
                if (descriptor := self._ready(timeout)) is not None:
                    self._handle(descriptor)
                elif self._spare is None:
                    self._fork_spare()

    def _import(self, modules: Sequence[str]) -> None:
        missing = []
        alone = len(os.sched_getaffinity(0)) == 1  # then the CPU is the script's, and imports go on when it has ended
        for complaint in preload.importing(modules):
            if complaint is not None:
                missing.append(complaint)
            if len(threads := preload.threads()) != 1:
                print(f"fork server: the imports started threads: {', '.join(threads)}", file=sys.stderr)  # noqa: T201
                sys.exit(UNFIT)
            protocol.send(self._control, IMPORTED)
            while (descriptor := self._ready(None if alone and self._children else 0)) is not None:
                self._handle(descriptor)
        gc.collect()
        preload.settled()
        self._setters = preload.thread_setters()
        self._imported = True
        if missing:
            print(f"fork server: not imported: {', '.join(missing)}", file=sys.stderr)  # noqa: T201

    def _ready(self, timeout: float | None) -> int | None:
        """One descriptor at a time, since handling it may close others; None when so many milliseconds passed."""
        poller = select.poll()
        for descriptor in (self._control.fileno(), *self._lines, *self._children):
            poller.register(descriptor, select.POLLIN)
        if self._spare is not None:
            poller.register(self._spare.pidfd, select.POLLIN)
        events = poller.poll(timeout)
        return events[0][0] if events else None

    def _handle(self, descriptor: int) -> None:
        if descriptor == self._control.fileno():
            _, descriptors = protocol.receive(self._control, most_descriptors=1)
            self._lines[descriptors[0]] = socket.socket(fileno=descriptors[0])
        elif self._spare and descriptor == self._spare.pidfd:
            self._drop_spare()
        elif descriptor in self._children:
            self._report(descriptor)
        elif descriptor in self._lines:
            self._answer(self._lines[descriptor])

    # Orders

    def _answer(self, line: socket.socket) -> None:
        descriptors: list[int] = []
        try:
            message, descriptors = protocol.receive(line, most_descriptors=2)
            child = self._from_spare(line, message, descriptors) or self._from_fork(line, message, descriptors)
            self._children[child.pidfd] = child
            self._spare_at = time.monotonic() + (IDLE_SPARE_SECONDS if self._idle else SPARE_SECONDS)
            protocol.send(line, b"started", [child.pidfd])
        except protocol.Closed:
            self._forget(line)
        except OSError as error:
            protocol.send(line, f"fork: {error}".encode())
        finally:
            protocol.close(descriptors)

    def _from_spare(self, line: socket.socket, message: bytes, descriptors: list[int]) -> _Child | None:
        """Hand the order to the spare; None when there is none, or it died unnoticed."""
        spare, self._spare = self._spare, None
        if spare is None:
            return None
        with spare.line:
            try:
                protocol.send(spare.line, message, descriptors)
            except protocol.Closed:
                self._spare = spare
                self._drop_spare()
                return None
        return _Child(spare.pid, spare.pidfd, line)

    def _from_fork(self, line: socket.socket, message: bytes, descriptors: list[int]) -> _Child:
        if not self._imported:
            preload.settled()
            self._setters = preload.thread_setters()
        pid = os.fork()
        if pid == 0:
            self._begin(message, descriptors)
        return _Child(pid, os.pidfd_open(pid), line)

    def _report(self, pidfd: int) -> None:
        """Send the status of a child that has ended to whoever ordered it."""
        child = self._children.pop(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(child.pid, 0)
        text = {"code": os.waitstatus_to_exitcode(status), "peak_memory_bytes": usage.ru_maxrss * 1024}
        with contextlib.suppress(protocol.Closed, OSError):
            protocol.send(child.line, json.dumps(text).encode())
        self._spare_at = 0.0

    def _forget(self, line: socket.socket) -> None:
        """A keeper has given up on this line: end what it ordered if that never left root."""
        self._lines.pop(line.fileno(), None)
        for child in self._children.values():
            if child.line is line:
                with contextlib.suppress(PermissionError, ProcessLookupError):
                    signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        line.close()

    # The spare

    @property
    def _idle(self) -> bool:
        """Whether there are more CPUs than scripts."""
        return len(self._children) < self._cpus

    def _fork_spare(self) -> None:
        self._spare_at = time.monotonic() + SPARE_SECONDS
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            try:
                pid = os.fork()
            except OSError:
                here.close()
                return
            if pid == 0:
                self._wait_for_an_order(there)
            self._spare = _Child(pid, os.pidfd_open(pid), here)

    def _drop_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.line.close()
            os.close(spare.pidfd)
            _, status = os.waitpid(spare.pid, 0)
            if os.waitstatus_to_exitcode(status) == UNFIT:
                print("fork server: a rehearsal started threads; there are none from now on", file=sys.stderr)  # noqa: T201
                self._rehearses = False

    def _wait_for_an_order(self, line: socket.socket) -> NoReturn:
        """Rehearse what will be done, which copies the pages it writes to; then wait, holding nothing of the server."""
        try:
            confine.keep_only(line.fileno())
            confine.stand_apart()
            preload.freshen(1, self._setters)
            rehearsal.rehearse(whole=self._rehearses and self._idle, wanted=lambda: _is_readable(line))
            if len(preload.threads()) != 1:
                os._exit(UNFIT)
            message, descriptors = protocol.receive(line, most_descriptors=2)
        except BaseException:  # the server is gone, or was never able to order
            os._exit(0)
        self._begin(message, descriptors, apart=True)

    # In the child

    def _begin(self, message: bytes, descriptors: Sequence[int], apart: bool = False) -> NoReturn:
        """Become the candidate. A keeper that has given up closed its end: then this process must not begin."""
        try:
            order = _Order(**json.loads(message))
            output, started = descriptors
            confine.take_descriptors(output, started)
            if not apart:
                confine.stand_apart()
            slot = self._ground.slot(order.slot)
            confine.enter(slot, self._ground, order.file_bytes, order.cpus)
            os.environ.clear()
            gpus = gpus_of(slot.number, self._ground.slots)
            os.environ.update(candidate_environment(slot.folder, len(order.cpus), gpus, self._ground.given))
            sys.path[1:1] = own_packages(os.environ)
            preload.freshen(len(order.cpus), self._setters)
            for name in self._own_modules:  # a script may import a module of its own by any of these names
                del sys.modules[name]
            os.write(confine.STARTED, STARTED)
            os.close(confine.STARTED)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.write(confine.STARTED, f"{type(error).__name__}: {error}".encode()[:2000])
            os._exit(70)
        script.run(slot.folder)


def _is_readable(line: socket.socket) -> bool:
    return bool(select.select([line], [], [], 0)[0])


def main(control: int, home: str, slots: int, given: Sequence[Sequence[str]] = ()) -> None:
    """Serve; importing is a part of it."""
    ground = Ground(home=Path(home), slots=slots, given=tuple((name, value) for name, value in given))
    ForkServer(socket.socket(fileno=control), ground).serve(preload.module_names())
