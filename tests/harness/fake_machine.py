"""A machine of its own for tests of the engine: a PATH of small real programs, and a `dockerd` on a socket.

The programs are started by the code under test like the real ones; each writes a line to `calls`. The daemon ends by
itself after half a minute, and with the machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.machine.engine import Machine

DAEMON = """#!PYTHON -I
import http.server, json, os, signal, socketserver, sys
folder = "FOLDER"
signal.alarm(30)
with open(folder + "/calls", "a") as calls:
    calls.write("dockerd\\n")
pid_file = folder + "/run/docker.pid"
if os.path.exists(pid_file):
    sys.exit("pid file found, ensure docker is not running or delete " + pid_file)
with open(pid_file, "w") as file:
    file.write(str(os.getpid()))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return "socket"
    def log_message(self, *arguments):
        pass
class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
Server(folder + "/run/docker.sock", Handler).serve_forever()
"""


class FakeMachine:
    """Folders, programs and settings of one machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "run", "logs"):
            (folder / name).mkdir()
        (folder / "os-release").write_text('ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n')
        self.machine = Machine(
            environ={"PATH": f"{folder}/bin:/usr/bin:/bin"},
            uid=0,
            logs=folder / "logs",
            run_folder=folder / "run",
            os_release=folder / "os-release",
            systemd=folder / "systemd",
            system_folders="",
            start_seconds=10,
        )

    def program(self, name: str, script: str) -> Path:
        """Put a program on this machine's PATH; shell unless the script says otherwise."""
        path = self.folder / "bin" / name
        path.write_text(
            script if script.startswith("#!") else f'#!/bin/sh\necho {name} "$@" >>{self.calls}\n{script}\n'
        )
        path.chmod(0o755)
        return path

    def install_daemon(self) -> Path:
        """A dockerd that works."""
        return self.program("dockerd", DAEMON.replace("PYTHON", sys.executable).replace("FOLDER", str(self.folder)))

    @property
    def calls(self) -> Path:
        """What was started, a line each."""
        return self.folder / "calls"

    def called(self) -> list[str]:
        """What was started, in order."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def daemon_pid(self) -> int:
        """The process that the daemon's pid file names."""
        return int((self.folder / "run/docker.pid").read_text())

    def set(self, **changes: object) -> None:
        """Change the machine."""
        self.machine = replace(self.machine, **changes)  # type: ignore[arg-type]

    def end(self) -> None:
        """End the daemon, if one was started."""
        with contextlib.suppress(OSError, ValueError):
            pid = self.daemon_pid()
            if b"dockerd" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def fake_machine() -> Iterator[FakeMachine]:
    """A machine that is gone afterwards. Not in pytest's folder: the path of a Unix socket must be short."""
    with tempfile.TemporaryDirectory(prefix="podium-") as name:
        fake = FakeMachine(Path(name))
        try:
            yield fake
        finally:
            fake.end()
