"""What a run ran on, for its record: figures of time can only be compared between machines that are alike."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.machine.gpus import Inventory, inventory
from harness.machine.toolkit import toolkit
from harness.results.layout import HostRecord

if TYPE_CHECKING:
    from harness.sandbox.placing import Traits

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


def on(here: HostRecord, traits: Traits) -> HostRecord:
    """This machine with the engine's kind; or where the engine's machine is another, what the engine says of it."""
    if traits.kind != "local":
        here = here.model_copy(update={"engine": f"{here.engine} ({traits.kind})"})
    return here if traits.sees_host else _elsewhere(here, traits)


def _elsewhere(here: HostRecord, traits: Traits) -> HostRecord:
    return here.model_copy(
        update={
            "cpu_model": f"the engine's machine ({traits.system})",
            "cpus": traits.cpus,
            "memory_bytes": traits.memory_bytes,
            "kernel": traits.kernel,
            "gpus": (),
            "gpu_driver": None,
            "gpu_toolkit": None,
        }
    )


def _cpu_model(cpuinfo: Path) -> str:
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    return next((found[key] for key in MODEL_KEYS if found.get(key)), platform.machine())
