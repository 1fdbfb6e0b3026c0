"""The way out that scripts have where hosts may be fetched from: a loopback address, passed on to the proxy's socket.

A process of its own under the agent's user: scripts can't reach the socket, and can't signal what stands between. It
copies bytes and decides nothing; the proxy is the host's, and serves listed hosts alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from agent import loopback

MOST_AT_A_TIME = 64  # as many as the proxy takes
SERVE = "import socket, sys; from agent import loopback; "
SERVE += "loopback.serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], int(sys.argv[3]))"


def open_way_out(door: Path, port: int = loopback.EGRESS_PORT) -> subprocess.Popen[bytes]:
    """Start it; when this returns, connections are taken. It ends with the container."""
    with loopback.listen(port) as listener:
        command = [sys.executable, "-I", "-c", SERVE, str(listener.fileno()), str(door), str(MOST_AT_A_TIME)]
        return subprocess.Popen(
            command, pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, env={"PATH": os.defpath}
        )
