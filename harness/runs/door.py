"""The host side of the one door into a sandbox: a short-lived folder with the request and the gateway's socket.

The folder is bind-mounted read-only into the container. Its parent is closed to other users of the host, since the
socket itself must be open to the agent's uid. Short on purpose: a Unix socket's path has room for 107 bytes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.contract import REQUEST_NAME, RunRequest
from harness.sandbox.owner import is_alive, me

PREFIX = "podium-door-"
OWNER_NAME = "owner"


@contextlib.contextmanager
def open_door(request: RunRequest, base: Path | None = None) -> Iterator[Path]:
    """Yield the folder to mount; it is gone afterwards."""
    parent = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))  # mode 0700
    try:
        (parent / OWNER_NAME).write_text(me())
        door = parent / "d"
        door.mkdir()
        door.chmod(0o755)
        written = door / REQUEST_NAME
        written.write_text(request.model_dump_json(indent=2))
        written.chmod(0o644)
        yield door
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def left_over(base: Path | None = None) -> Iterator[Path]:
    """The doors of owners that are gone; those of other users are theirs to find."""
    for parent in sorted((base or Path(tempfile.gettempdir())).glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            if parent.stat().st_uid == os.geteuid() and not is_alive((parent / OWNER_NAME).read_text()):
                yield parent


def remove(parent: Path) -> None:
    """Remove a door that was left over."""
    shutil.rmtree(parent, ignore_errors=True)
