"""The fork server: imports the science stack once, then forks a child a candidate, which starts in milliseconds.

It runs on the candidates' Python, as root with SETUID and SETGID, and executes nothing of theirs itself: a child gives
up its uid before it reads the script. It answers keepers only, over sockets that the supervisor hands it. It does not
time or end candidates; keepers do. If it dies or hangs, keepers start plainly and the supervisor starts another.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from agent.supervisor import confine, preload, protocol, script
from agent.supervisor.environment import candidate_environment
from agent.supervisor.places import Ground
from agent.supervisor.starting import STARTED

READY = b"ready"
UNFIT = 70  # the exit status that says: another one would be the same


@dataclass(frozen=True)
class _Order:
    slot: int
    file_bytes: int
    cpus: list[int]


@dataclass
class _Child:
    pid: int
    line: socket.socket


class ForkServer:
    """Forks for every line; `control` brings lines and, by closing, the end."""

    def __init__(self, control: socket.socket, ground: Ground) -> None:
        self._control = control
        self._ground = ground
        self._setters = preload.thread_setters()
        self._lines: dict[int, socket.socket] = {}
        self._children: dict[int, _Child] = {}

    def serve(self) -> None:
        """Say that it is ready; then answer until the supervisor closes the control line."""
        confine.prepare(self._ground)
        protocol.send(self._control, READY)
        with contextlib.suppress(protocol.Closed):
            while True:
                self._handle(self._ready())

    def _ready(self) -> int:
        """One descriptor at a time: handling it may close others, and numbers are used again."""
        poller = select.poll()
        for descriptor in (self._control.fileno(), *self._lines, *self._children):
            poller.register(descriptor, select.POLLIN)
        return poller.poll()[0][0]

    def _handle(self, descriptor: int) -> None:
        if descriptor == self._control.fileno():
            _, descriptors = protocol.receive(self._control, most_descriptors=1)
            self._lines[descriptors[0]] = socket.socket(fileno=descriptors[0])
        elif descriptor in self._children:
            self._report(descriptor)
        elif descriptor in self._lines:
            self._answer(self._lines[descriptor])

    def _answer(self, line: socket.socket) -> None:
        try:
            message, descriptors = protocol.receive(line, most_descriptors=2)
        except protocol.Closed:
            self._forget(line)
            return
        try:
            self._start(line, _Order(**json.loads(message)), *descriptors)
        except OSError as error:
            protocol.send(line, f"fork: {error}".encode())
        finally:
            protocol.close(descriptors)

    def _start(self, line: socket.socket, order: _Order, output: int, started: int) -> None:
        pid = os.fork()
        if pid == 0:
            self._child(order, output, started)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = _Child(pid, line)
        with contextlib.suppress(protocol.Closed):  # its keeper gave up; the line's own end is noticed next
            protocol.send(line, b"started", [pidfd])

    def _child(self, order: _Order, output: int, started: int) -> NoReturn:
        """Become the candidate. A keeper that has given up closed its end: then this process must not begin."""
        try:
            confine.take_descriptors(output, started)
            slot = self._ground.slot(order.slot)
            confine.enter(slot, self._ground, order.file_bytes, order.cpus)
            os.environ.clear()
            os.environ.update(candidate_environment(slot.folder, len(order.cpus)))
            preload.freshen(len(order.cpus), self._setters)
            _forget_this_package()
            os.write(confine.STARTED, STARTED)
            os.close(confine.STARTED)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.write(confine.STARTED, f"{type(error).__name__}: {error}".encode()[:2000])
            os._exit(70)
        script.run(slot.folder)

    def _report(self, pidfd: int) -> None:
        """Send the status of a child that has ended to whoever ordered it."""
        child = self._children.pop(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(child.pid, 0)
        text = {"code": os.waitstatus_to_exitcode(status), "peak_memory_bytes": usage.ru_maxrss * 1024}
        with contextlib.suppress(protocol.Closed, OSError):
            protocol.send(child.line, json.dumps(text).encode())

    def _forget(self, line: socket.socket) -> None:
        """A keeper has given up on this line: end what it ordered if that never left root."""
        del self._lines[line.fileno()]
        for pidfd, child in self._children.items():
            if child.line is line:
                with contextlib.suppress(PermissionError, ProcessLookupError):
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        line.close()


def _forget_this_package() -> None:
    """A script may import a module of its own by any of these names."""
    for name in [name for name in sys.modules if name == "agent" or name.startswith("agent.")]:
        del sys.modules[name]


def main(control: int, home: str, slots: int) -> None:
    """Import, say what was missing, serve."""
    missing = preload.preload(preload.module_names())
    if missing:
        print(f"fork server: not imported: {', '.join(missing)}", file=sys.stderr)  # noqa: T201
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    if len(names) != 1:
        # A child would have only the thread that forked, and whatever locks the others held.
        print(f"fork server: the imports started threads: {', '.join(names)}", file=sys.stderr)  # noqa: T201
        sys.exit(UNFIT)
    ForkServer(socket.socket(fileno=control), Ground(home=Path(home), slots=slots)).serve()
