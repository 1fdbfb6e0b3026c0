"""An engine at `DOCKER_HOST=ssh://USER@HOST`: its socket, carried here by the system's own `ssh`.

Keys, known hosts, jumps and ports are ssh's affair, as typed in a terminal; it asks nothing, so a key that needs a
passphrase must be in an agent. One tunnel a command and address; it ends with the command.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import InfrastructureError, UserError

START_SECONDS = 30.0
POLL_SECONDS = 0.05
USUAL_SOCKET = "/var/run/docker.sock"
OPTIONS = (
    *("-N", "-T", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindUnlink=yes"),
    *("-o", "ServerAliveInterval=30", "-o", "ServerAliveCountMax=4", "-o", "ConnectTimeout=20"),
)


@dataclass
class Tunnels:
    """Those of this process."""

    _open: dict[str, tuple[subprocess.Popen[bytes], Path]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def through(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment with an address that leads through a tunnel where ssh was asked for; else as it is."""
        host = environ.get("DOCKER_HOST", "")
        if not host.startswith("ssh://"):
            return dict(environ)
        with self._turn:
            known = self._open.get(host)
            if known is None or known[0].poll() is not None:
                known = self._open[host] = self._start(host, environ)
        return {**environ, "DOCKER_HOST": f"unix://{known[1]}"}

    def close(self) -> None:
        """End all of them."""
        with self._turn:
            for process, place in self._open.values():
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=5)
                shutil.rmtree(place.parent, ignore_errors=True)
            self._open.clear()

    def _start(self, host: str, environ: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], Path]:
        command = _command(host, environ)
        folder = Path(tempfile.mkdtemp(prefix="podium-ssh-"))
        place, log = folder / "engine.sock", folder / "ssh.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*command[:1], *OPTIONS, "-L", f"{place}:{_socket(host)}", *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=dict(environ),
            )
        if not self._open:
            atexit.register(self.close)
        deadline = time.monotonic() + START_SECONDS
        while not place.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                words = " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-400:]
                shutil.rmtree(folder, ignore_errors=True)
                raise InfrastructureError(
                    f"DOCKER_HOST={host} can't be reached by ssh: {words}. Try: ssh {command[-1]}"
                )
            time.sleep(POLL_SECONDS)
        return process, place


def _command(host: str, environ: Mapping[str, str]) -> list[str]:
    ssh = shutil.which("ssh", path=environ.get("PATH"))
    if ssh is None:
        raise UserError(f"DOCKER_HOST={host}: there is no ssh on PATH. Install it: apt-get install openssh-client")
    parts = urlsplit(host)
    try:
        name, port = parts.hostname or "", parts.port
    except ValueError:
        name, port = "", None
    if not name or name.startswith("-") or (parts.username or "").startswith("-"):
        raise UserError(f"DOCKER_HOST={host} names no host: ssh://USER@HOST, and perhaps :PORT or the socket's path")
    where = f"{parts.username}@{name}" if parts.username else name
    return [ssh, *(["-p", str(port)] if port else []), "--", where]


def _socket(host: str) -> str:
    path = urlsplit(host).path
    return path if path not in ("", "/") else USUAL_SOCKET


TUNNELS = Tunnels()
