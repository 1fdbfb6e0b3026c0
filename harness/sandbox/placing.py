"""What kind of engine is it: which box fits, and what of it can't be limited there?

An engine may be on another machine (DOCKER_HOST with ssh or tcp), in a virtual machine, in a namespace that sees other
folders, or an ordinary user's. Addresses don't tell: a local port may lead anywhere. So it is asked to mount a folder
that was made a moment ago, and whether it runs on this kernel, since a socket works within one kernel only.
"""

from __future__ import annotations

import platform
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.sandbox.base import Sandbox, SandboxSpec
from harness.sandbox.docker import DockerSandbox
from harness.sandbox.failure import engine_errors
from harness.sandbox.remote import RemoteSandbox

PID_MAX = Path("/proc/sys/kernel/pid_max")
RLIMIT_USUAL = 32768
LIMITS = {"MemoryLimit": "memory", "PidsLimit": "processes", "CpuCfsQuota": "CPUs"}  # the engine's words, and ours


@dataclass(frozen=True)
class Traits:
    """What is known of an engine."""

    sees_host: bool  # folders and sockets of this machine can be mounted
    rootless: bool
    podman: bool
    not_limited: tuple[str, ...]  # what it can't limit
    cpus: int
    memory_bytes: int
    kernel: str
    system: str

    @property
    def kind(self) -> str:
        """In a word or two, for people."""
        words = ["Podman"] * self.podman + ["rootless"] * self.rootless + ["remote"] * (not self.sees_host)
        return ", ".join(words) or "local"


def ask(client: Any, image: str) -> Traits:
    """Ask the engine; `image` is one that it has, and nothing of it runs."""
    with engine_errors():
        info: Mapping[str, Any] = client.info()
        components = client.version().get("Components") or []
    same_kernel = str(info.get("KernelVersion")) == platform.release() and info.get("OSType", "linux") == "linux"
    return Traits(
        sees_host=same_kernel and _can_mount(client, image),
        rootless=any("rootless" in str(option) for option in info.get("SecurityOptions") or []),
        podman=any("podman" in str(one.get("Name", "")).lower() for one in components),
        not_limited=tuple(ours for theirs, ours in LIMITS.items() if info.get(theirs) is False),
        cpus=int(info.get("NCPU") or 1),
        memory_bytes=int(info.get("MemTotal") or 0),
        kernel=str(info.get("KernelVersion") or ""),
        system=str(info.get("OperatingSystem") or ""),
    )


def _can_mount(client: Any, image: str) -> bool:
    import docker.errors
    from docker.types import Mount

    # Below a folder that only this user may enter, as a run's door is: another user's engine can't mount that.
    with tempfile.TemporaryDirectory(prefix="podium-probe-") as closed:
        folder = Path(closed, "d")
        folder.mkdir()
        probe = [Mount("/probe", str(folder), type="bind", read_only=True)]
        try:
            made = client.containers.create(image=image, entrypoint=["/nothing"], mounts=probe, network_mode="none")
        except docker.errors.APIError:
            return False  # its path does not exist there
        made.remove(force=True)
    return True


class PodmanSandbox(DockerSandbox):
    """The same box by Podman's own socket, which would ask for more processes a user than some hosts allow it."""

    def options(self) -> dict[str, Any]:
        from docker.types import Ulimit

        found = super().options()
        most = min(RLIMIT_USUAL, int(PID_MAX.read_text()))
        return found | {"ulimits": [*found["ulimits"], Ulimit(name="nproc", soft=most, hard=most)]}


class Boxes:
    """Makes the sandboxes of a command; the engine is asked once, when the first is made."""

    def __init__(self, client: Any, *, workspace_folder: Path, environ: Mapping[str, str], relay: Path) -> None:
        self._client = client
        self._folder = workspace_folder
        self._environ = environ
        self._relay = relay
        self._traits: Traits | None = None
        self._turn = threading.Lock()
        self.told = False  # has anybody been told what the engine is?

    def traits(self, image: str) -> Traits:
        """What is known of the engine."""
        with self._turn:
            if self._traits is None:
                self._traits = ask(self._client, image)
            return self._traits

    def make(self, spec: SandboxSpec) -> Sandbox:
        """The box that fits the engine."""
        traits = self.traits(spec.image)
        environ = self._environ
        if traits.rootless or not traits.sees_host or traits.podman:
            # A loop device is attached here, by root: an engine of another user or place can't mount it.
            environ = {**environ, "DOCKER_HOST": "elsewhere"}
        kind: type[DockerSandbox] = PodmanSandbox if traits.podman else DockerSandbox
        if not traits.sees_host:
            return RemoteSandbox(
                self._client,
                spec,
                workspace_folder=self._folder,
                environ=environ,
                relay=self._relay,
                not_limited=traits.not_limited,
            )
        return kind(self._client, spec, workspace_folder=self._folder, environ=environ, not_limited=traits.not_limited)
