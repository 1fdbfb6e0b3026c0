"""`python3 -I loopback.py COMMAND…`: the entry point of another agent's box; the door as a loopback address.

Clients that know nothing of a Unix socket reach the gateway at `http://127.0.0.1:8484`, and where hosts may be fetched
from, the proxy that does it at `http://127.0.0.1:8485`. Bytes are copied as they come, so streams stay streams; nothing
is read, changed or kept. Then the command runs, and its exit code is this one's.

Before anything else it closes, for itself and all that it starts, the system calls that older engines let through and
that reach past the box: `supervisor/seccomp.py` lies beside it.

It is put into images that others made: standard library only, Python 3.8 at least, few imports, since they are most of
the time that it takes. The loopback address is no wall: everything here runs as the agent's own user.
"""

from __future__ import annotations

import errno
import os
import runpy
import signal
import socket
import sys
import threading
import time

SOCKET = "/run/agent/door/gateway.sock"
PORT = 8484
EGRESS_SOCKET = "/run/agent/door/egress.sock"
EGRESS_PORT = 8485
CHUNK_BYTES = 1 << 16
MOST_WAITING = 512
MOST_AT_A_TIME = 512  # each takes two threads and two descriptors
PASSING = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED)  # of accept: others may end
PAUSE_SECONDS = 0.05
DOOR_SECONDS = 60.0
SIGNALLED = 128  # shells' way to tell the signal that ended a command
NOT_STARTED = 127  # and that there was none


def listen(port: int) -> socket.socket:
    """Bind the loopback address; nobody else is there before the command runs."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(MOST_WAITING)
    return listener


def serve(listener: socket.socket, door: str, most: int = MOST_AT_A_TIME) -> None:
    """Take connections while there is a listener; one that can't be passed on is closed, and the client sees that.

    Beyond `most` at a time they wait to be taken.
    """
    places = threading.BoundedSemaphore(most)
    while True:
        places.acquire()
        try:
            client, _ = listener.accept()
        except OSError as error:
            places.release()
            if error.errno not in PASSING:
                return
            time.sleep(PAUSE_SECONDS)
            continue
        try:
            threading.Thread(target=_pass_on, args=(client, door, places), daemon=True).start()
        except RuntimeError:  # the box has no thread left
            client.close()
            places.release()


def _pass_on(client: socket.socket, door: str, places: threading.BoundedSemaphore) -> None:
    try:
        _connect(client, door)
    finally:
        places.release()


def _connect(client: socket.socket, door: str) -> None:
    with client:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as gateway:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                gateway.connect(door)
                back = threading.Thread(target=_pump, args=(gateway, client), daemon=True)
                back.start()
                _pump(client, gateway)
                back.join()
        except (OSError, RuntimeError):  # no gateway, or the box has no descriptor or thread left
            return


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy until the source ends, then end the target's side too; a broken one ends both."""
    try:
        while True:
            data = source.recv(CHUNK_BYTES)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for side in (source, target):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def run(command: list[str], doors: dict[str, socket.socket]) -> int:
    """Run the command to its end, and serve it meanwhile; who asks this process to end asks the command.

    `doors` are sockets, each with its listener.
    """
    pid = os.fork()  # before there are threads
    if pid == 0:
        try:
            os.execvp(command[0], command)  # noqa: S606 - a list, no shell
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(NOT_STARTED)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: _tell(pid, number))
    for door, listener in doors.items():
        threading.Thread(target=serve, args=(listener, door), daemon=True).start()
    _, status = os.waitpid(pid, 0)
    return SIGNALLED + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def wait_for(door: str, seconds: float = DOOR_SECONDS) -> None:
    """Wait until a socket is there: where the engine is on another machine it comes a moment after the start."""
    deadline = time.monotonic() + seconds
    while not os.path.exists(door) and time.monotonic() < deadline:  # noqa: PTH110 - few imports
        time.sleep(PAUSE_SECONDS)


def _tell(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # it has ended meanwhile
        return


if __name__ == "__main__":
    runpy.run_path(os.path.join(os.path.dirname(__file__), "seccomp.py"))["install"](with_memory=False)  # noqa: PTH118, PTH120
    wait_for(SOCKET)
    found = {SOCKET: listen(PORT)}
    if os.path.exists(EGRESS_SOCKET):  # noqa: PTH110 - few imports
        found[EGRESS_SOCKET] = listen(EGRESS_PORT)
    sys.exit(run(sys.argv[1:], found))
