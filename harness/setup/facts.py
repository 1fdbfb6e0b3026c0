"""What `podium doctor` judges, looked up in one go: the engine, the disks, the memory, the GPUs, the credentials.

Only looks: nothing is installed, started, built or sent anywhere. Credentials are looked for, never read out: a fact
says where one lies, not what it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.config import Settings
from harness.errors import PodiumError
from harness.groups import holding
from harness.machine.engine import Engine, Machine, ask, connect
from harness.machine.gpus import inventory
from harness.machine.images import ImageRef, find_image
from harness.machine.toolkit import Toolkit, toolkit
from harness.sandbox import workspace
from harness.setup import debian

MODEL_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PODIUM_BASE_URL")


@dataclass(frozen=True)
class Gpu:
    """NVIDIA's side of this host; None where there is nothing."""

    names: tuple[str, ...] = ()
    driver: str | None = None
    toolkit: Toolkit = field(default_factory=Toolkit)
    instances: int = 0  # that MIG has cut some of them into
    in_engine: bool = False


@dataclass(frozen=True)
class Kaggle:
    """Where credentials for Kaggle were found, and whether others may read them."""

    place: str | None = None
    readable_by_others: bool = False


@dataclass(frozen=True)
class Facts:
    """This host, as far as runs need it."""

    engine: Engine | str
    can_start_engine: bool
    info: Mapping[str, Any]
    image: ImageRef | None
    gpu_image: ImageRef | None
    free_bytes: Mapping[str, int]  # by the folder that it was measured for
    memory_bytes: int
    can_limit_workspace: bool
    gpu: Gpu = field(default_factory=Gpu)
    kaggle: Kaggle = field(default_factory=Kaggle)
    model_keys: tuple[str, ...] = ()
    held: tuple[str, ...] = ()  # who holds what of the machine, and who waits for it, in words


def gather(settings: Settings, home: Path) -> Facts:
    """Look everything up; what can't be found out is left empty, never an error."""
    environ = settings.environ
    machine = Machine(environ, uid=os.geteuid())
    engine = ask(machine)
    info: dict[str, Any] = {}
    images: list[ImageRef | None] = [None, None]
    if isinstance(engine, Engine):
        with contextlib.suppress(PodiumError):
            info = _info(environ)
            images = [find_image("cpu", settings), find_image("gpu", settings)]
    return Facts(
        engine=engine,
        can_start_engine=can_start(machine),
        info=info,
        image=images[0],
        gpu_image=images[1],
        free_bytes=_free(settings.home, settings.results, *_local_root(info)),
        memory_bytes=_memory_bytes(),
        can_limit_workspace=workspace.can_limit(environ),
        gpu=_gpu(environ, info),
        kaggle=kaggle(environ, home),
        model_keys=tuple(name for name in MODEL_KEYS if environ.get(name)),
        held=tuple(holding.lines(environ)),
    )


def can_start(machine: Machine) -> bool:
    """Would `ensure_engine` try to start an engine here?"""
    installable = debian.is_debian_like(debian.os_release(machine.os_release))
    ours = machine.uid == 0 and not machine.environ.get("DOCKER_HOST")
    return ours and (installable or shutil.which("dockerd", path=machine.path) is not None)


def kaggle(environ: Mapping[str, str], home: Path) -> Kaggle:
    """The first credentials that the official client would take, in its order."""
    if environ.get("KAGGLE_API_TOKEN"):
        return Kaggle("KAGGLE_API_TOKEN")
    if environ.get("KAGGLE_USERNAME") and environ.get("KAGGLE_KEY"):
        return Kaggle("KAGGLE_USERNAME and KAGGLE_KEY")
    own = home / ".kaggle"
    configured = environ.get("KAGGLE_CONFIG_DIR")
    elsewhere = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "kaggle"
    folder = Path(configured) if configured else own if own.exists() else elsewhere
    files = [own / "access_token", own / "access_token.txt", folder / "kaggle.json", own / "credentials.json"]
    found = next((file for file in files if file.is_file()), None)
    return Kaggle(str(found), bool(found.stat().st_mode & 0o044)) if found else Kaggle()


def _info(environ: Mapping[str, str]) -> dict[str, Any]:
    client = connect(environ, timeout_seconds=5)
    with contextlib.closing(client):
        info: dict[str, Any] = client.info()
    return info


def _local_root(info: Mapping[str, Any]) -> list[Path]:
    """The engine's own folder, where it is one of this host."""
    root = Path(info.get("DockerRootDir") or "/nonexistent")
    with contextlib.suppress(PermissionError):
        return [root] if root.is_dir() else []
    return []


def _free(*folders: Path) -> dict[str, int]:
    return {str(folder): _free_bytes(folder) for folder in folders}


def _free_bytes(folder: Path) -> int:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free


def _memory_bytes() -> int:
    """Memory that can be had now, page cache included."""
    with contextlib.suppress(OSError):
        match = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
        if match:
            return int(match[1]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _gpu(environ: Mapping[str, str], info: Mapping[str, Any]) -> Gpu:
    here = inventory(environ).gpus
    found = toolkit(environ) if here else Toolkit()
    devices = str(info.get("DiscoveredDevices") or "")
    return Gpu(
        names=tuple(gpu.name for gpu in here),
        driver=here[0].driver if here else None,
        toolkit=found,
        instances=sum(len(gpu.instances) for gpu in here),
        in_engine="nvidia" in (info.get("Runtimes") or {}) or "nvidia.com/gpu" in devices,
    )
