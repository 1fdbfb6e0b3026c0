"""Who owns a container: the process that started it, named so that a later process can tell whether it still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

OWNER_LABEL = "podium.owner"


def me() -> str:
    """`host/boot/pid/start`: the same pid after a reboot, or of a later process, is somebody else."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{_boot_id()}/{pid}/{_start_ticks(pid)}"


def is_alive(owner: str) -> bool:
    """Does the owner still live? One on another host, or one we can't parse, counts as alive: not ours to judge."""
    parts = owner.split("/")
    if len(parts) != 4 or parts[0] != socket.gethostname() or not parts[2].isdecimal():
        return True
    if parts[1] != _boot_id():
        return False
    return _start_ticks(int(parts[2])) == parts[3]


def is_of_this_machine(owner: str) -> bool:
    """Can this machine say whether the owner lives?"""
    return owner.split("/")[0] == socket.gethostname()


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "-"


def _start_ticks(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone"
    # Field 22; the command name in field 2 may hold spaces and parentheses, so count from its end.
    fields = stat.rpartition(")")[2].split()
    return "gone" if fields[0] in "ZX" else fields[19]
