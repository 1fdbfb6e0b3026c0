"""What every sandbox is: started, waited for, one file taken out, removed.

The seam has one implementation that ships (`docker.DockerSandbox`); the contract is the `Sandbox` protocol. A sandbox
runs *untrusted* code: no network unless it is asked for, no writable host mount, no capability but those listed in the
spec with a reason.
What a sandbox does not protect against: bugs in the kernel, in the container engine or in a GPU driver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.errors import UserError
from harness.sandbox.cgroup import ResourceUse

MIB = 1024 * 1024
GIB = 1024 * MIB

# Each capability that a sandbox keeps, and why. All others are dropped, for root inside the container too.
KEPT_CAPABILITIES: Mapping[str, str] = {
    "SETUID": "the supervisor starts the agent and every candidate under a uid of its own, and ends what a uid left",
    "SETGID": "the same for groups",
}


@dataclass(frozen=True)
class Limits:
    """What a whole sandbox may use. Memory is memory plus swap."""

    wall_seconds: float
    memory_bytes: int
    cpus: float
    pids: int = 1024
    shm_bytes: int = 1 * GIB
    tmp_bytes: int = 1 * GIB
    workspace_bytes: int = 20 * GIB
    open_files: int = 4096
    log_bytes: int = 10 * MIB
    submission_bytes: int = 2 * GIB
    grace_seconds: float = 10.0


@dataclass(frozen=True)
class Mount:
    """A host folder seen inside, always read-only."""

    source: Path
    target: str


@dataclass(frozen=True)
class Gpus:
    """Which GPUs: a count, all of them (`count` = -1), or ids (UUIDs or indices)."""

    count: int | None = None
    ids: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Gpus | None:
        """Read `--gpus`: empty or `0` is none, `N` a count, `all`, or ids separated by commas."""
        text = text.strip()
        if text in ("", "0", "none"):
            return None
        if text == "all":
            return cls(count=-1)
        if text.isdecimal():
            return cls(count=int(text))
        ids = tuple(part.strip() for part in text.split(","))
        if not all(part.startswith(("GPU-", "MIG-")) or part.isdecimal() for part in ids):
            raise UserError(
                f"--gpus {text!r} is neither a number, 'all', nor ids like GPU-1a2b… ; list ids: nvidia-smi -L"
            )
        return cls(ids=ids)


@dataclass(frozen=True)
class SandboxSpec:
    """Everything that decides how a sandbox is made."""

    name: str
    image: str  # by digest or id, never by a tag that can move
    limits: Limits
    command: tuple[str, ...] = ()  # empty: the image's own
    mounts: tuple[Mount, ...] = ()
    workspace: str = "/home"
    folder: str | None = None  # where the command starts; None: in the workspace
    user: str = "0:0"
    capabilities: Mapping[str, str] = field(default_factory=lambda: KEPT_CAPABILITIES)  # each with its reason
    last_space_for: int | None = None  # the group that may fill the workspace's last 2 %
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    gpus: Gpus | None = None
    runtime: str | None = None  # OCI runtime, by the name that the engine knows it by; None: its own
    cpuset: tuple[int, ...] = ()  # the CPUs that it may run on; empty: any
    python: str = "/opt/agent/bin/python"  # inside; runs the door's relay where the engine can mount no door
    network: Literal["none", "bridge"] = "none"  # bridge: the engine's network, and whatever can be reached from it


@dataclass(frozen=True)
class Ending:
    """How the box ended. `exit_code` is None when the engine could not say.

    `killed_with` is the signal by which somebody, other than this sandbox, ended it through the engine.
    """

    exit_code: int | None
    oom_kills: int
    timed_out: bool
    over_disk: bool
    seconds: float
    log_tail: str
    killed_with: int | None = None


class Sandbox(Protocol):
    """One sandbox's life: `start`, `wait`, `fetch`, `remove` (always, also after errors).

    Infrastructure trouble raises `InfrastructureError`; what the code inside does is an `Ending`, never an exception.
    """

    def start(self) -> None:
        """Create and start; raise `InfrastructureError` or `UserError`, leaving nothing behind."""

    def wait(self, tick: Callable[[], float]) -> Ending:
        """Wait for the end or the time limit, calling `tick` about once a second; the box is stopped after.

        `tick` returns how many seconds so far the limit does not count.
        """

    def fetch(self, path: str, destination: Path) -> bool:
        """Copy one regular file out of the stopped box; False when there is none; `InvalidSubmission` for tricks."""

    def effective(self) -> dict[str, Any]:
        """The limits in force as the engine reports them, for the run's record."""

    def resources(self) -> ResourceUse | None:
        """What the box has used so far; cheap, and None where it can't be known from here, or not any more."""

    def remove(self) -> None:
        """Remove the box and its workspace; idempotent."""
