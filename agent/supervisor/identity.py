"""Takes other uids with SETUID and SETGID alone: to touch files as a candidate, to signal one, to become one.

Root without CAP_KILL and CAP_DAC_OVERRIDE may neither signal a candidate nor enter its folder; whoever has its uid may.
A keeper therefore lives with real uid = ender, effective and saved uid = root, and takes the candidate's uid for as
short as it can:

- as *filesystem* uid to touch its files; nobody may signal, trace or renice a process for that one;
- as *effective* uid for the instant of a kill. In that instant a candidate could renice the keeper, which `tampered`
  notices; it can never signal it, since neither real nor saved uid match.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from agent.supervisor.places import Identity

_libc = ctypes.CDLL(None, use_errno=True)


class Unended(Exception):
    """Processes of a uid are still there after everything was tried."""


def hold(identity: Identity) -> None:
    """Become the keeper of `identity`: real uid its ender, effective and saved uid root."""
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(identity.ender, 0, 0)


def become(identity: Identity) -> None:
    """Be this uid for good, without groups and capabilities."""
    os.setgroups([])
    os.setresgid(identity.uid, identity.uid, identity.uid)
    os.setresuid(identity.uid, identity.uid, identity.uid)
    if os.getresuid() != (identity.uid,) * 3 or os.getresgid() != (identity.uid,) * 3 or os.getgroups():
        raise PermissionError(f"could not become uid {identity.uid}")


@contextlib.contextmanager
def files_of(identity: Identity) -> Iterator[None]:
    """Touch files as `identity`; only this thread, and only its filesystem uid and gid."""
    try:
        _set_file_ids(identity.uid)
        yield
    finally:
        _set_file_ids(0)


def _set_file_ids(number: int) -> None:
    _libc.setfsgid(number)
    _libc.setfsuid(number)
    if _libc.setfsuid(-1) != number or _libc.setfsgid(-1) != number:  # these calls report no errors
        raise PermissionError(f"could not take filesystem uid {number}")


@contextlib.contextmanager
def _acting(identity: Identity) -> Iterator[None]:
    os.seteuid(identity.uid)
    try:
        # What follows may be kill(-1): everything with one of these uids. Never with root's.
        if os.getresuid()[:2] != (identity.ender, identity.uid):
            raise PermissionError(f"uids are {os.getresuid()}; expected {identity.ender} and {identity.uid}")
        yield
    finally:
        os.seteuid(0)


def send(identity: Identity, pid: int, number: signal.Signals) -> None:
    """Signal one process of `identity`; one that is gone is no error."""
    if pid <= 1:
        raise ValueError(f"pid {pid} is not a single process")
    with _acting(identity), contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def end_all(identity: Identity, within_seconds: float = 120.0) -> None:
    """End every process of `identity`, daemons and whatever it still forks; raise `Unended` if some stay."""
    deadline = time.monotonic() + within_seconds
    while True:
        with _acting(identity), contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(-1, signal.SIGKILL)
        left = living(identity.uid)
        if not left:
            return
        if time.monotonic() > deadline:
            raise Unended(f"processes {left[:5]} of uid {identity.uid} did not end in {within_seconds:.0f} s")
        time.sleep(0.001)


def living(uid: int) -> list[int]:
    """Processes that have `uid` in any role and are not mere zombies."""
    return [pid for pid, lines in statuses() if _has_uid(lines, uid) and not _is_zombie(lines)]


def statuses() -> Iterator[tuple[int, dict[bytes, bytes]]]:
    """Every process with the lines of its `/proc/PID/status`, by name."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(entry.name), _fields(Path(entry.path, "status").read_bytes())


def _fields(status: bytes) -> dict[bytes, bytes]:
    return {key: value for key, _, value in (line.partition(b":\t") for line in status.splitlines())}


def _has_uid(lines: dict[bytes, bytes], uid: int) -> bool:
    return str(uid).encode() in lines.get(b"Uid", b"").split()


def _is_zombie(lines: dict[bytes, bytes]) -> bool:
    return lines.get(b"State", b"")[:1] in (b"Z", b"X")


def standing() -> tuple[object, ...]:
    """How the scheduler treats this process; taken at the start and compared by `tampered`."""
    return os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)
