"""Watches one slot while its script runs: memory, processes and disk against its share.

The container's limits are the hard ones and belong to all; this ends the one that takes more than its part before the
others suffer. It samples, so a fast script may pass its share for a moment; RLIMIT_AS would be exact and breaks torch.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from agent.supervisor import slot as slots
from agent.supervisor.identity import files_of, statuses
from agent.supervisor.places import Ground, Slot
from agent.supervisor.pump import Stop

KIB = 1024
LOW_DISK_BYTES = 64 * 1024 * 1024
LOW_DISK_FILES = 1000
LOW_DISK_SECONDS = 1.0  # long enough for a script to meet its own "No space left on device" first
PRECISE_EVERY_SECONDS = 1.0
PRECISE_SECONDS = 0.4


@dataclass(frozen=True)
class Sample:
    """What the processes of a uid hold together; shared pages count for each of them, so memory is an upper bound."""

    memory_bytes: int
    processes: tuple[int, ...]
    threads: int


def sample(uid: int) -> Sample:
    """Add up the anonymous and shared memory of everything that runs as `uid`; mapped files can be taken back."""
    memory = threads = 0
    processes = []
    number = str(uid).encode()
    for pid, lines in statuses():
        if number in lines.get(b"Uid", b"").split():
            memory += (_kib(lines, b"RssAnon") + _kib(lines, b"RssShmem")) * KIB
            threads += int(lines.get(b"Threads", b"1"))
            processes.append(pid)
    return Sample(memory, tuple(processes), threads)


def _kib(lines: dict[bytes, bytes], key: bytes) -> int:
    fields = lines.get(key, b"").split()
    return int(fields[0]) if fields else 0


def proportional_bytes(slot: Slot, pid: int) -> int | None:
    """Memory of a process with each shared page divided by its users; 0 when it is gone, None when it hides it."""
    try:
        with files_of(slot.identity):
            text = Path("/proc", str(pid), "smaps_rollup").read_bytes()
    except PermissionError:
        return None
    except OSError:
        return 0
    lines = {key: value for key, _, value in (line.partition(b":") for line in text.splitlines())}
    return (_kib(lines, b"Pss_Anon") + _kib(lines, b"Pss_Shmem")) * KIB


class Watch:
    """Called every now and then by `pump.follow`; has a reason when the script must end."""

    def __init__(self, slot: Slot, ground: Ground, memory_bytes: int) -> None:
        self._slot = slot
        self._ground = ground
        self._memory_bytes = memory_bytes
        self._most_threads = processes_allowed() // 2 // ground.slots
        self._precise_after = 0.0
        self._precise_from = 0
        self._disk_low_since: float | None = None
        self.peak_bytes = 0

    def __call__(self) -> Stop | None:
        """Sample once."""
        if self._ground.slots == 1 and processes_running() > self._most_threads:
            return Stop.PROCESSES  # counting them one by one takes long while hundreds fork
        now = sample(self._slot.identity.uid)
        if now.threads > self._most_threads:
            return Stop.PROCESSES
        if self._too_much(now):
            return Stop.MEMORY
        return Stop.DISK if self._disk_kept_full() else None

    def _too_much(self, now: Sample) -> bool:
        if now.memory_bytes <= self._memory_bytes:
            self.peak_bytes = max(self.peak_bytes, now.memory_bytes)
            return False
        if time.monotonic() < self._precise_after and now.memory_bytes < self._precise_from:
            return False
        precise = self._precise(now)
        self.peak_bytes = max(self.peak_bytes, precise)
        self._precise_after = time.monotonic() + PRECISE_EVERY_SECONDS
        self._precise_from = now.memory_bytes + self._memory_bytes - precise  # grown by as much as was left
        return precise > self._memory_bytes

    def _precise(self, now: Sample) -> int:
        """Count shared pages once: children of a fork share most of theirs. Who hides its pages has the upper bound.

        Asking takes some 40 ms a process, and longer while it forks: what could not be asked in time is left out, so
        that many processes are no way to keep this from its other checks.
        """
        until = time.monotonic() + PRECISE_SECONDS
        total = 0
        for pid in now.processes:
            if total > self._memory_bytes or time.monotonic() > until:
                break
            part = proportional_bytes(self._slot, pid)
            if part is None:
                return now.memory_bytes
            total += part
        return total

    def _disk_kept_full(self) -> bool:
        disk = os.statvfs(self._ground.home)
        size = disk.f_blocks * disk.f_frsize
        low_bytes = disk.f_bavail * disk.f_frsize < min(LOW_DISK_BYTES, size // 50)
        low_files = disk.f_favail < min(LOW_DISK_FILES, disk.f_files // 50)
        if not low_bytes and not low_files:
            self._disk_low_since = None
            return False
        since = self._disk_low_since = self._disk_low_since or time.monotonic()
        if time.monotonic() - since < LOW_DISK_SECONDS:
            return False
        self._disk_low_since = time.monotonic()
        used = slots.usage(self._slot)
        parts = 2 * self._ground.slots
        return used.bytes > size // parts or used.files > disk.f_files // parts


def processes_allowed() -> int:
    """How many processes and threads the container may have; many where it has no limit."""
    return _of_the_container("pids.max") or 32768


def processes_running() -> int:
    """How many processes and threads the container has; 0 where it can't be read."""
    return _of_the_container("pids.current") or 0


def _of_the_container(name: str) -> int | None:
    """A number of the container's cgroup, whose version decides where it stands."""
    for folder in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
        with contextlib.suppress(OSError, ValueError):
            return int(Path(folder, name).read_text())
    return None


def kernel_oom_kills() -> int:
    """How often the kernel has ended a process of this container for memory; 0 where it can't be read."""
    for path in ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events"):
        with contextlib.suppress(OSError, ValueError):
            lines = dict(line.split() for line in Path(path).read_text().splitlines())
            return int(lines["oom_kill"])
    return 0
