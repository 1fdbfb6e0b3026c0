"""`podium doctor`: is this host ready, and what is to be done about what is not?

Each check is a function of the facts (`harness.setup.facts`) and mends nothing. `fail` means that no run can work here;
`warn` that some can't, or that a limit is weaker than it could be.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.config import Settings
from harness.machine.engine import Engine
from harness.machine.toolkit import NEEDED_TEXT, UPGRADE
from harness.setup.facts import Facts, gather

GIB = 1 << 30
DISK_NEEDED_BYTES = 4 * GIB  # image, layers under construction, one small competition
DISK_WANTED_BYTES = 25 * GIB  # one workspace filled to its limit on top
MEMORY_NEEDED_BYTES = 2 * GIB
MEMORY_WANTED_BYTES = 6 * GIB
LIMITS = {"MemoryLimit": "memory", "PidsLimit": "pids", "CpuCfsQuota": "cpu"}


Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One finding: what was looked at, how it stands, and the next thing to do."""

    name: str
    status: Status
    found: str
    what_to_do: str | None = None


def check_all(settings: Settings, home: Path | None = None) -> list[Check]:
    """Look at this host and judge it; `home` is where the user's credentials lie."""
    return judge(gather(settings, home or Path.home()))


def judge(facts: Facts) -> list[Check]:
    """All checks, in the order in which one would mend them."""
    checks = (engine, limits, image, disk, memory, to_lend, workspace, gpu, kaggle, models)
    return [check(facts) for check in checks]


def engine(facts: Facts) -> Check:
    """Does a container engine answer?"""
    if isinstance(facts.engine, Engine):
        return Check("engine", "ok", f"{facts.engine.version} at {facts.engine.host}")
    if facts.can_start_engine:
        return Check("engine", "warn", facts.engine, "make image  (installs and starts one)")
    todo = "sudo apt-get install docker.io && sudo systemctl start docker && sudo usermod -aG docker $USER"
    return Check("engine", "fail", facts.engine, todo)


def limits(facts: Facts) -> Check:
    """Can the engine limit what a container uses?"""
    if not facts.info:
        return Check("limits", "warn", "unknown without an engine", "see engine")
    missing = [name for key, name in LIMITS.items() if not facts.info.get(key)]
    version = f"cgroup v{facts.info.get('CgroupVersion', '?')}"
    if missing:
        todo = f"enable the {', '.join(missing)} controller for the engine (rootless: delegate it by systemd)"
        return Check("limits", "fail", f"{version} without {', '.join(missing)}", todo)
    if not facts.info.get("SwapLimit"):
        return Check("limits", "warn", f"{version}, swap is not limited", "boot with swapaccount=1, or turn swap off")
    return Check("limits", "ok", f"{version}: memory, swap, pids, cpu")


def image(facts: Facts) -> Check:
    """Is the agent's image there, of the sources as they are now?"""
    if facts.image is None:
        return Check("image", "warn", "not built, or not of these sources", "make image")
    gpu_image = f"; {facts.gpu_image.tag}" if facts.gpu_image else ""
    return Check("image", "ok", f"{facts.image.tag}{gpu_image}")


def disk(facts: Facts) -> Check:
    """Is there room for images, data and a workspace?"""
    tightest = min(facts.free_bytes, key=lambda folder: facts.free_bytes[folder])
    free = facts.free_bytes[tightest]
    todo = "free some, or move: PODIUM_HOME for data and workspaces, PODIUM_RESULTS for results, the engine's data-root"
    enough = _enough(free, DISK_NEEDED_BYTES, DISK_WANTED_BYTES)
    return Check("disk", enough, f"{free / GIB:.0f} GiB free at {tightest}", None if enough == "ok" else todo)


def memory(facts: Facts) -> Check:
    """Is there memory for one run?"""
    enough = _enough(facts.memory_bytes, MEMORY_NEEDED_BYTES, MEMORY_WANTED_BYTES)
    todo = None if enough == "ok" else "end other programs, or give runs less: podium bench --memory GIB"
    return Check("memory", enough, f"{facts.memory_bytes / GIB:.1f} GiB available", todo)


def to_lend(facts: Facts) -> Check:
    """What do runs share? Each reserves its part of it."""
    if not facts.info:
        return Check("to lend", "warn", "unknown without an engine", "see engine")
    memory_bytes = facts.info.get("MemTotal", 0)
    found = f"{facts.info.get('NCPU', '?')} CPUs, {memory_bytes / GIB:.1f} GiB, {len(facts.gpu.names)} GPUs"
    found = f"{found}: podium bench --jobs N, each run with --cpus, --memory, --disk, --gpus"
    return Check("to lend", "ok", "; ".join([found, *facts.held]))


def _enough(value: int, needed: int, wanted: int) -> Status:
    return "fail" if value < needed else "warn" if value < wanted else "ok"


def workspace(facts: Facts) -> Check:
    """Is the size of a workspace enforced by a file system of its own?"""
    if facts.can_limit_workspace:
        return Check("workspace", "ok", "limited by a file system of its own")
    todo = "for a hard limit run as root beside a local engine, with mkfs.ext4, losetup and loop devices"
    return Check("workspace", "warn", "size is watched, not limited", todo)


def gpu(facts: Facts) -> Check:
    """Can the engine hand GPUs to a container safely?"""
    found = facts.gpu
    if not found.names:
        return Check("gpu", "ok", "no NVIDIA GPU; CPU runs need none")
    cut = f" ({found.instances} MIG instances)" if found.instances else ""
    names = f"{len(found.names)} x {found.names[0]}{cut}, driver {found.driver}"
    if not found.in_engine:
        todo = (
            "install nvidia-container-toolkit, then: sudo nvidia-ctk runtime configure --runtime=docker and restart it"
        )
        return Check("gpu", "warn", f"{names}; the engine has no NVIDIA toolkit", todo)
    if found.toolkit.version is None:
        todo = f"look on the engine's machine whether it is {NEEDED_TEXT} or newer: nvidia-ctk --version"
        return Check("gpu", "warn", f"{names}; toolkit of unknown version ({found.toolkit.problem})", todo)
    if found.toolkit.is_old:
        todo = f"{NEEDED_TEXT} or newer is needed, as earlier ones let a container take over the host: {UPGRADE}"
        return Check("gpu", "warn", f"{names}; toolkit {found.toolkit.version}", todo)
    return Check("gpu", "ok", f"{names}; toolkit {found.toolkit.version}")


def kaggle(facts: Facts) -> Check:
    """Can competition data be downloaded?"""
    if facts.kaggle.place is None:
        todo = (
            "make a token at https://www.kaggle.com/settings/api and save it to ~/.kaggle/access_token (or set "
            "KAGGLE_API_TOKEN); without it: --raw with data you have, or stand-in data"
        )
        return Check("kaggle", "warn", "no credentials", todo)
    if facts.kaggle.readable_by_others:
        return Check(
            "kaggle", "warn", f"{facts.kaggle.place}, which others can read", f"chmod 600 {facts.kaggle.place}"
        )
    return Check("kaggle", "ok", facts.kaggle.place)


def models(facts: Facts) -> Check:
    """Can models be asked?"""
    if not facts.model_keys:
        todo = "set OPENAI_API_KEY, ANTHROPIC_API_KEY, or PODIUM_BASE_URL (and PODIUM_API_KEY) for a compatible server"
        return Check("models", "warn", "no key: only the built-in coder (offline)", todo)
    return Check("models", "ok", ", ".join((*facts.model_keys, "offline")))
