"""What a run ran on, for its record: figures of time can only be compared between machines that are alike."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from pathlib import Path

from harness.results.layout import HostRecord

CPUINFO = Path("/proc/cpuinfo")
# Arm has no model name; its part number is better than nothing.
MODEL_KEYS = ("model name", "Hardware", "CPU part", "cpu model", "machine")


def host(engine: str) -> HostRecord:
    """This machine, with the engine's version as the engine states it."""
    return HostRecord(
        cpu_model=_cpu_model(CPUINFO),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=platform.release(),
        engine=engine,
        gpus=_gpus(),
    )


def _gpus() -> tuple[str, ...]:
    """Name and memory of each NVIDIA GPU, as its driver's own tool states them; none where there is no such tool."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip()) if done.returncode == 0 else ()


def _cpu_model(cpuinfo: Path) -> str:
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    return next((found[key] for key in MODEL_KEYS if found.get(key)), platform.machine())
