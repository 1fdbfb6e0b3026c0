"""The supervisor's one loop: start everything, replace what dies, end with the agent.

It decides nothing about candidates. Its exit status is the agent's; when it leaves, the container's init leaves, and
with it every process of the container.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.supervisor import crew, identity, protocol
from agent.supervisor.forkserver import IMPORTED, READY, UNFIT
from agent.supervisor.keeper import LINE, NEW_LINE, NEW_SERVER, NO_LINE
from agent.supervisor.places import AGENT, Ground, Slot

AGENT_KILLED = 75
MOST_RESTARTS = 8  # of each: what keeps dying is not mended by starting it again
IMPORT_SECONDS = 20.0  # the longest that one import may keep the fork server from answering
FORK_TRIES = 200  # candidates may hold every process number for a moment, until their keeper ends them


@dataclass(frozen=True)
class Settings:
    """How this box is to be run."""

    ground: Ground
    agent_command: tuple[str, ...]
    warm: bool
    threads: int
    grace_seconds: float = 8.0


@dataclass
class _Post:
    """A slot's keeper, and this side's ends of what belongs to it."""

    slot: Slot
    for_agent: socket.socket
    for_keeper: socket.socket
    control: socket.socket
    pid: int = 0
    restarts: int = 0


@dataclass
class _Server:
    pid: int
    control: socket.socket
    serving: bool = False
    ready: bool = False
    doubted_until: float | None = None  # a keeper had no answer while it imported: then it must get on


class Supervisor:
    """Everything that runs in the box."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._posts: list[_Post] = []
        self._server: _Server | None = None
        self._server_starts = 0
        self._agent = 0
        self._agent_status: int | None = None
        self._asked_to_end = False
        self._kill_agent_at: float | None = None

    def run(self) -> int:
        """Start everything, stay until the agent has ended; the exit status for this process."""
        woken = _wake_on(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)
        identity.hold(AGENT)
        if self._settings.warm:
            self._start_server()
        for number in range(self._settings.ground.slots):
            self._posts.append(self._new_post(number))
        self._agent = _forked(self._start_agent)
        for post in self._posts:
            post.for_agent.close()
        while self._agent_status is None:
            self._handle(self._wait(woken))
        return self._end()

    def _wait(self, woken: int) -> set[int]:
        poller = select.poll()
        for descriptor in (woken, *(post.control.fileno() for post in self._posts if post.pid)):
            poller.register(descriptor, select.POLLIN)
        if self._server:
            poller.register(self._server.control, select.POLLIN)
        doubted_until = self._server.doubted_until if self._server else None
        times = [at for at in (self._kill_agent_at, doubted_until) if at is not None]
        timeout = max(0.0, min(times) - time.monotonic()) * 1000 if times else None
        ready = {descriptor for descriptor, _ in poller.poll(timeout)}
        if woken in ready:
            self._take_signals(os.read(woken, 4096))
        return ready

    def _handle(self, ready: set[int]) -> None:
        self._reap()
        if self._server and self._server.control.fileno() in ready:
            self._hear_server()
        for post in self._posts:
            if post.pid and post.control.fileno() in ready:
                self._hear_keeper(post)
        if self._kill_agent_at is not None and time.monotonic() >= self._kill_agent_at:
            self._kill_agent_at = None
            identity.end_all(AGENT)
        if self._server and self._server.doubted_until and time.monotonic() >= self._server.doubted_until:
            self._server.doubted_until = None
            os.kill(self._server.pid, signal.SIGKILL)

    def _take_signals(self, numbers: bytes) -> None:
        if not self._asked_to_end and {signal.SIGTERM, signal.SIGINT} & set(numbers):
            self._asked_to_end = True
            self._kill_agent_at = time.monotonic() + self._settings.grace_seconds
            identity.send(AGENT, self._agent, signal.SIGTERM)

    # What ends

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended(pid, os.waitstatus_to_exitcode(status))

    def _ended(self, pid: int, code: int) -> None:
        if pid == self._agent:
            self._agent_status = code
        elif self._server and pid == self._server.pid:
            self._server_gone(code)
        for post in self._posts:
            if post.pid == pid:
                self._replace_keeper(post, code)

    def _end(self) -> int:
        """Let keepers end what runs; they notice that nobody talks to them any more."""
        for post in self._posts:
            if post.pid:
                os.kill(post.pid, signal.SIGKILL)
            with contextlib.suppress(identity.Unended):
                _as_keeper_end(post.slot)
        status = self._agent_status
        if status is not None and status >= 0:
            return status
        _say(f"the agent was ended by signal {-status if status else 0}")
        return AGENT_KILLED

    # Keepers

    def _new_post(self, number: int) -> _Post:
        for_agent, for_keeper = _pair()
        here, there = _pair()
        post = _Post(self._settings.ground.slot(number), for_agent, for_keeper, here)
        self._start_keeper(post, there, lost=False)
        return post

    def _start_keeper(self, post: _Post, control: socket.socket, lost: bool) -> None:
        ground = self._settings.ground
        post.pid = _forked(lambda: crew.start_keeper(post.slot, ground, post.for_keeper, control, lost))
        control.close()
        self._give_line(post)

    def _replace_keeper(self, post: _Post, code: int) -> None:
        post.pid = 0
        post.control.close()
        if code == 0:
            return  # the agent has hung up on it
        post.restarts += code != crew.RENEWED
        if post.restarts > MOST_RESTARTS:
            _say(f"keeper {post.slot.number} ended with {code} once too often; its slot stays closed")
            post.for_keeper.close()
            return
        _say(f"keeper {post.slot.number} ended with {code}; starting another")
        post.control, there = _pair()
        self._start_keeper(post, there, lost=code != crew.RENEWED)

    def _hear_keeper(self, post: _Post) -> None:
        try:
            message, _ = protocol.receive(post.control)
        except (protocol.Closed, protocol.Malformed):
            return  # its end is reaped next
        if message == NEW_LINE:
            self._give_line(post)
        elif message == NEW_SERVER and self._server:
            self._doubt(self._server)

    def _doubt(self, server: _Server) -> None:
        """End a server that hangs; one that imports answers between two imports, and is given time to."""
        if server.ready:
            os.kill(server.pid, signal.SIGKILL)
        elif server.doubted_until is None:
            server.doubted_until = time.monotonic() + IMPORT_SECONDS

    # The fork server

    def _start_server(self) -> None:
        self._server_starts += 1
        here, there = _pair()
        pid = _forked(lambda: crew.start_server(self._settings.ground, there, self._settings.threads))
        there.close()
        self._server = _Server(pid, here)

    def _server_gone(self, code: int) -> None:
        assert self._server is not None
        self._server.control.close()
        self._server = None
        again = code != UNFIT and self._server_starts <= MOST_RESTARTS
        then = "starting another" if again else "candidates start plainly from now on"
        _say(f"the fork server ended with {code}; {then}")
        if again:
            self._start_server()
        else:
            for post in self._posts:
                self._tell(post, NO_LINE)

    def _hear_server(self) -> None:
        assert self._server is not None
        try:
            message, _ = protocol.receive(self._server.control)
        except (protocol.Closed, protocol.Malformed):
            return  # its end is reaped next
        self._server.doubted_until = None
        if message == IMPORTED:
            return
        self._server.serving = True
        self._server.ready = message == READY
        for post in self._posts:  # when it is ready once more: a keeper may have given up on it while it imported
            self._give_line(post)

    def _give_line(self, post: _Post) -> None:
        """Connect a keeper with the fork server, if that is ready; when it will be, all get theirs."""
        if not self._settings.warm:
            self._tell(post, NO_LINE)
        elif self._server and self._server.serving and post.pid:
            for_server, for_keeper = _pair()
            with contextlib.suppress(protocol.Closed):
                protocol.send(self._server.control, LINE, [for_server.fileno()])
                self._tell(post, LINE, [for_keeper.fileno()])
            for_server.close()
            for_keeper.close()

    def _tell(self, post: _Post, message: bytes, descriptors: Sequence[int] = ()) -> None:
        if post.pid:
            with contextlib.suppress(protocol.Closed):
                protocol.send(post.control, message, descriptors)

    def _start_agent(self) -> int:
        settings = self._settings
        sockets = [post.for_agent for post in self._posts]
        return crew.start_agent(settings.agent_command, sockets, self._environ, settings.ground.home)


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _wake_on(*numbers: signal.Signals) -> int:
    """A descriptor from which the numbers of arriving signals are read."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda _number, _frame: None)
    return reading


def _forked(start: Callable[[], int]) -> int:
    for _ in range(FORK_TRIES):
        with contextlib.suppress(BlockingIOError):
            return start()
        time.sleep(0.05)
    return start()


def _as_keeper_end(slot: Slot) -> None:
    identity.hold(slot.identity)
    identity.end_all(slot.identity)


def _say(text: str) -> None:
    print(f"supervisor: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the container's log
