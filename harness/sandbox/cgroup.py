"""What a container uses, read from its control group's files: some tenths of a millisecond, where the engine's own
`stats()` takes more than a second.

For cgroup v1 and v2, wherever this process can see the container's processes (a local engine, rootless or not). A
figure that the kernel does not count, or that this user may not read, is None and never a guess.

Version 1 counts no buffered writes, and on many kernels no block I/O at all, so there the processes' own `/proc/PID/io`
is added up: a process keeps the sum of the children that it waited for. It takes root for another user's processes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PROCESSES = Path("/proc")
MOST_PROCESSES = 256  # whose I/O is added up: a box full of processes must not cost the host a core
# Version 1 as it is commonly mounted has the name of each controller, be it a link to a folder of several.
V1_CONTROLLERS = ("memory", "cpu", "cpuacct", "pids")


@dataclass(frozen=True)
class ResourceUse:
    """What a box has used since its start, and what it holds now; None: not known here.

    `memory_bytes` leaves out what the page cache would give back; `kernel_peak_memory_bytes` is the kernel's own
    highest, with page cache.
    """

    cpu_seconds: float | None = None
    throttled_seconds: float | None = None
    memory_bytes: int | None = None
    kernel_peak_memory_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    processes: int | None = None
    disk_bytes: int | None = None


@dataclass(frozen=True)
class ControlGroup:
    """A container's folders: one of version 2, or one a controller of version 1."""

    version: int
    folders: Mapping[str, Path] = field(default_factory=dict)  # by controller; version 2 has "" alone

    @property
    def oom_file(self) -> Path:
        """The file with the counter of out-of-memory kills."""
        if self.version == 2:
            return self.folders[""] / "memory.events"
        return self.folders["memory"] / "memory.oom_control"

    def read(self, processes: Path = PROCESSES) -> ResourceUse | None:
        """What is used now; None when the group is gone, as it is right after its container's end."""
        use = self._version_2() if self.version == 2 else self._version_1(processes)
        return None if use == ResourceUse() else use

    def _version_2(self) -> ResourceUse:
        folder = self.folders[""]
        cpu, kept = _pairs(folder / "cpu.stat"), _pairs(folder / "memory.stat")
        read, written = _io_stat(folder / "io.stat")
        return ResourceUse(
            cpu_seconds=_scaled(cpu.get("usage_usec"), 1e6),
            throttled_seconds=_scaled(cpu.get("throttled_usec"), 1e6),
            memory_bytes=_without(_number(folder / "memory.current"), kept.get("inactive_file")),
            kernel_peak_memory_bytes=_number(folder / "memory.peak"),  # since Linux 5.19
            read_bytes=read,
            written_bytes=written,
            processes=_number(folder / "pids.current"),
        )

    def _version_1(self, processes: Path) -> ResourceUse:
        memory, cpu = self.folders.get("memory"), self.folders.get("cpu")
        accounting, pids = self.folders.get("cpuacct"), self.folders.get("pids")
        read, written = _processes_io(memory, processes) if memory else (None, None)
        kept = _pairs(memory / "memory.stat") if memory else {}
        return ResourceUse(
            cpu_seconds=_scaled(_number(accounting / "cpuacct.usage"), 1e9) if accounting else None,
            throttled_seconds=_scaled(_pairs(cpu / "cpu.stat").get("throttled_time"), 1e9) if cpu else None,
            memory_bytes=_without(_number(memory / "memory.usage_in_bytes"), kept.get("total_inactive_file"))
            if memory
            else None,
            kernel_peak_memory_bytes=_number(memory / "memory.max_usage_in_bytes") if memory else None,
            read_bytes=read,
            written_bytes=written,
            processes=_number(pids / "pids.current") if pids else None,
        )


def control_group(
    pid: int, container_id: str, *, root: Path = CGROUPS, processes: Path = PROCESSES
) -> ControlGroup | None:
    """The control group of a container by the number of its first process; None where this host can't see it.

    A number that belongs to another process here (an engine in another PID namespace, or far away) is told by the
    container's id, which the group's path holds.
    """
    try:
        lines = (processes / str(pid) / "cgroup").read_text().splitlines() if pid else []
    except OSError:
        return None
    places = [line.split(":", 2)[1:] for line in lines if container_id in line]
    folders = {
        name: root / name / path.lstrip("/")
        for controllers, path in places
        for name in controllers.split(",")
        if name in V1_CONTROLLERS
    }
    if "memory" in folders:
        return ControlGroup(1, folders)
    unified = next((path for controllers, path in places if controllers == ""), None)
    if unified is None or not (root / unified.lstrip("/")).is_dir():
        return None
    return ControlGroup(2, {"": root / unified.lstrip("/")})


def _text(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 1 << 16).decode("ascii", "replace")
    except OSError:  # the group was removed after it was opened
        return ""
    finally:
        os.close(descriptor)


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdecimal() else None  # `max` is a limit, and no number


def _pairs(file: Path) -> dict[str, int]:
    """The lines of the form `name number`."""
    pairs = (line.split() for line in _text(file).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


def _io_stat(file: Path) -> tuple[int | None, int | None]:
    """Bytes read and written, over all devices but loop devices: what goes through these is counted below them too."""
    text = _text(file)
    if not text:
        return None, None
    read = written = 0
    for line in text.splitlines():
        device, *pairs = line.split()
        if device.startswith("7:"):
            continue
        counts = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        read += int(counts.get("rbytes", 0))
        written += int(counts.get("wbytes", 0))
    return read, written


def _processes_io(memory: Path, processes: Path) -> tuple[int | None, int | None]:
    members = _text(memory / "cgroup.procs").split()
    if not members or len(members) > MOST_PROCESSES:
        return None, None
    read = written = 0
    seen = False
    for pid in members:
        with contextlib.suppress(KeyError):
            counts = dict(line.split(": ", 1) for line in _text(processes / pid / "io").splitlines() if ": " in line)
            read, written = read + int(counts["read_bytes"]), written + int(counts["write_bytes"])
            seen = True
    return (read, written) if seen else (None, None)


def _scaled(value: int | None, by: float) -> float | None:
    return None if value is None else value / by


def _without(value: int | None, part: int | None) -> int | None:
    return None if value is None else max(0, value - (part or 0))
