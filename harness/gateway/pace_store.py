"""Where a pace's state lies: in this process, or in a small file that all podium commands of a user and machine share.

The file is one JSON object under a lock on itself, which ends with its process. What a kill tore, or an earlier boot
left, is begun anew: it only says when the next call may leave. Not for several machines: lock and clock are one's own.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import orjson
from pydantic import TypeAdapter, ValidationError

from harness.gateway.pace import PaceState

_STATE = TypeAdapter(PaceState)
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_TRIES = 200  # a millisecond apart: whoever has the lock needs a twentieth of one


class PaceStore(Protocol):
    """Holds a state. May be used from any thread; raises OSError when it can't any more."""

    def change(self) -> AbstractContextManager[PaceState]:
        """Have the state alone, and keep what became of it."""

    def look(self) -> PaceState:
        """The state as it is; not to be changed."""

    def version(self) -> object:
        """Something that differs when anybody changed the state; cheap."""


class PaceMemory:
    """A state that only this process has."""

    def __init__(self) -> None:
        self._state = PaceState()
        self._lock = threading.Lock()
        self._version = 0

    @contextmanager
    def change(self) -> Iterator[PaceState]:
        with self._lock:
            self._version += 1
            yield self._state

    def look(self) -> PaceState:
        return self._state

    def version(self) -> object:
        return self._version


class PaceFile:
    """A state in a file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._boot = _boot_id()

    @contextmanager
    def change(self) -> Iterator[PaceState]:
        with self._locked() as descriptor:
            state = self._read(descriptor)
            yield state
            content = orjson.dumps({"schema_version": 1, "boot": self._boot, "state": state})
            os.pwrite(descriptor, content, 0)
            os.ftruncate(descriptor, len(content))

    def look(self) -> PaceState:
        with self._locked() as descriptor:
            return self._read(descriptor)

    def version(self) -> object:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked before calls: Path.stat takes twice as long
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size

    @contextmanager
    def _locked(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> PaceState:
        try:
            kept = orjson.loads(os.pread(descriptor, 1 << 24, 0))
            if kept["boot"] == self._boot:
                return _STATE.validate_python(kept["state"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError):
            pass
        return PaceState()


def _lock(descriptor: int) -> None:
    """Take the lock; raise OSError rather than wait for a process that was stopped while it had it."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.001)
        else:
            return
    raise BlockingIOError("somebody keeps the lock")


def _boot_id() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return "-"
