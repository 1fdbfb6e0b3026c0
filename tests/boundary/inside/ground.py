"""The ground that probes stand on: what is planted in each box to be looked for, and what boxes wait for."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import socketserver
import stat
import subprocess
import threading
import time

from tests.boundary.inside.base import At, call, needle

REMOUNT, BIND = 32, 4096
WAIT_SECONDS = 60.0
SLEEPER = ("/bin/sleep", "120")
NEIGHBOURS_FOLDERS = ("/home/agent", "/home/submission", "/tmp", "/dev/shm")
_held: list[socket.socket] = []


def wait_for(path: str) -> None:
    """Wait for a file; raise where it does not come."""
    give_up = time.monotonic() + WAIT_SECONDS
    while not os.path.exists(path):
        if time.monotonic() > give_up:
            raise TimeoutError(path)
        time.sleep(0.05)


def written(path: str, text: bytes, mode: int = 0o600) -> None:
    """Write a file, and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text)
    os.chmod(path, mode)


def listening(address: bytes | str) -> None:
    """Listen at an address while this process lasts."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    _held.append(listener)


def plant_as_neighbour(mark: bytes) -> None:
    """Be somebody whom the box beside would find: files, a socket, a process."""
    for folder in NEIGHBOURS_FOLDERS:
        if os.access(folder, os.W_OK):
            written(f"{folder}/notes", mark, 0o666)
    listening(b"\0" + mark)
    sleeper(mark)


def plant_as_agent(at: At) -> None:
    """Have what an agent has: notes in files, in an environment, in shared memory; sockets; a submission."""
    mark = needle(at, "agent")
    for path in (
        "/home/agent/secret",
        "/home/agent/journal.jsonl",
        "/home/agent/nodes/n1/notes",
        "/dev/shm/agents-notes",
    ):
        written(path, mark)
    written("/home/submission/submission.csv", mark)
    listening(b"\0" + needle(at, "agents socket"))
    listening("/home/agent/agent.sock")
    os.chmod("/home/agent/agent.sock", 0o666)
    sleeper(b"agents-helper", NOTES=mark.decode())


def plant_everything(at: At) -> None:  # in a box of its own, which is removed
    """An open box: everything that a probe looks for is there, so that each can be seen to succeed."""
    for name in at.needles:
        mark = needle(at, name)
        written(f"/home/planted/{name.replace(' ', '-')}", mark, 0o666)
        if name != "host socket":
            listening(b"\0" + mark)
        at.victims.append(sleeper(mark, user=65534, SECRET_TOKEN=mark.decode()))
    os.environ["SECRET_TOKEN"] = "planted"
    for path in ("/home/agent/secret", "/home/agent/journal.jsonl", "/home/agent/nodes/n1/x", "/dev/shm/agents-notes"):
        written(path, b"planted")
    for path in (
        "/home/submission/submission.csv",
        "/home/data/train.csv",
        "/home/slots/1/run/x",
        "/opt/podium/prompts/x",
    ):
        written(path, b"planted")
    written("/home/planted/grade.py", b"planted")
    written("/home/sample/x", b"planted")
    written("/run/agent/door/request.json", b"planted")
    for path in ("/run/agent/door/gateway.sock", "/home/agent/agent.sock", "/run/docker.sock"):
        open_server(path)
    shutil.copy("/usr/bin/id", at.set_uid)
    os.chmod(at.set_uid, 0o4755)
    for path in ("/sys", *(entry.path for entry in os.scandir("/sys/fs/cgroup") if os.path.ismount(entry.path))):
        call("mount", None, path.encode(), None, REMOUNT | BIND, None)
    os.mknod("/dev/kmsg", 0o600 | stat.S_IFCHR, os.makedev(1, 11))
    os.makedirs("/dev/net", exist_ok=True)
    os.mknod("/dev/net/tun", 0o600 | stat.S_IFCHR, os.makedev(10, 200))
    os.makedirs(at.folder, exist_ok=True)
    at.inherited.append(os.open("/home/agent/secret", os.O_RDONLY))


def sleeper(name: bytes, user: int | None = None, **environ: str) -> int:
    """A process by this name, and with this environment, that is there to be found."""
    return subprocess.Popen([name, SLEEPER[1]], executable=SLEEPER[0], env=environ, user=user).pid


class _Yes(http.server.BaseHTTPRequestHandler):
    """Answers whatever it is asked with all that it knows, another thing each time."""

    answered = 0
    says = b""

    def _yes(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        _Yes.answered += 1
        body = self.says + str(_Yes.answered).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_CONNECT = _yes  # noqa: N815 - as the library calls them

    def address_string(self) -> str:
        return "box"

    def log_message(self, *_: object) -> None:
        return


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def open_server(path: str) -> None:
    """A server at a socket, in the gateway's and the engine's place, that refuses nothing."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    server = _Server(path, _Yes)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def says_everything(at: At) -> None:
    """What the open server says is all that must not be said."""
    _Yes.says = b"\n".join(needle(at, name) for name in at.needles)
