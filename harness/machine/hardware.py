"""What a run ran on, for its record: figures of time can only be compared between machines that are alike."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from harness.machine.gpus import Inventory, inventory
from harness.machine.toolkit import toolkit
from harness.results.layout import HostRecord

CPUINFO = Path("/proc/cpuinfo")
# Arm has no model name; its part number is better than nothing.
MODEL_KEYS = ("model name", "Hardware", "CPU part", "cpu model", "machine")


def host(engine: str, environ: Mapping[str, str] = os.environ, gpus: Inventory | None = None) -> HostRecord:
    """This machine, with the engine's version as the engine states it, and its GPUs where they are known already."""
    found = gpus or inventory(environ)
    return HostRecord(
        cpu_model=_cpu_model(CPUINFO),
        cpus=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        kernel=platform.release(),
        engine=engine,
        gpus=tuple(f"{gpu.name}, {gpu.memory}" for gpu in found.gpus),
        gpu_driver=found.gpus[0].driver if found.gpus else None,
        gpu_toolkit=toolkit(environ).version if found.gpus else None,
    )


def _cpu_model(cpuinfo: Path) -> str:
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    return next((found[key] for key in MODEL_KEYS if found.get(key)), platform.machine())
