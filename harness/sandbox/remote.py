"""A sandbox on an engine that can mount nothing of this machine: data travel in volumes, the door through an `exec`.

The box is the same but for that: what was a read-only bind is a read-only volume, filled before the start; the
gateway's socket is one that a small relay (`agent/relay.py`) holds in the box, under a user of its own, which neither
agent nor candidates can signal. Its folder is the one thing more: a tmpfs that only the relay writes to.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.contract import AGENT_GROUP, DOOR, EGRESS_SOCKET_NAME, SOCKET_NAME
from harness.errors import InfrastructureError
from harness.sandbox import travel
from harness.sandbox.base import Ending, Mount, SandboxSpec
from harness.sandbox.docker import DockerSandbox
from harness.sandbox.failure import engine_errors
from harness.sandbox.relay import DoorRelay

RELAY = 10002  # the relay's user; its group passes the door's gate
SOCKETS = "/run/agent/relay"
PROGRAM = "relay.py"
LATE_SECONDS = 5.0  # a container that ends takes its relay along, and that is no failure


class RemoteSandbox(DockerSandbox):
    """See `Sandbox` for the contract."""

    def __init__(
        self,
        client: Any,
        spec: SandboxSpec,
        *,
        workspace_folder: Path,
        environ: Mapping[str, str],
        relay: Path,
        not_limited: Sequence[str] = (),
    ) -> None:
        super().__init__(client, spec, workspace_folder=workspace_folder, environ=environ, not_limited=not_limited)
        self._program = relay
        self._volumes: dict[str, travel.Load] = {}
        self._relay: DoorRelay | None = None

    @property
    def _door(self) -> Path | None:
        return next((mount.source for mount in self._spec.mounts if mount.target == DOOR), None)

    def start(self) -> None:
        try:
            self._send()
            super().start()
            if self._door is not None:
                self._carry_door(self._door)
        except BaseException:
            with contextlib.suppress(InfrastructureError):  # what is being raised says more
                self.remove()
            raise

    def options(self) -> dict[str, Any]:
        from docker.types import Mount as Mounted

        found = super().options()
        workspace = found["mounts"][0]
        volumes = [Mounted(load.target, name, type="volume", read_only=True) for name, load in self._volumes.items()]
        relay = {SOCKETS: f"rw,nosuid,nodev,noexec,size=64k,mode=0755,uid={RELAY},gid={AGENT_GROUP}"}
        # CPUs were chosen among this machine's.
        return found | {"mounts": [workspace, *volumes], "tmpfs": {**found["tmpfs"], **relay}, "cpuset_cpus": ""}

    def wait(self, tick: Callable[[], float]) -> Ending:
        def look_at_the_relay() -> float:
            relay = self._relay
            since = relay.failed_since if relay is not None else None
            if relay is not None and since is not None and time.monotonic() - since > LATE_SECONDS:
                raise InfrastructureError(f"the door of the box is gone: {relay.reason}. See: podium doctor")
            return tick()

        return super().wait(look_at_the_relay)

    def remove(self) -> None:
        import docker.errors

        if self._relay is not None:
            self._relay.close()
        try:
            super().remove()
        finally:
            for name in list(self._volumes):
                with engine_errors(), contextlib.suppress(docker.errors.NotFound):
                    self._client.volumes.get(name).remove(force=True)
                del self._volumes[name]

    def _send(self) -> None:
        """Fill a volume for each folder that would be mounted."""
        spec = self._spec
        mounts = [*spec.mounts, *([Mount(self._program, f"{DOOR}/{PROGRAM}")] if self._door else [])]
        volumes = {f"{spec.name}-{number}": load for number, load in enumerate(travel.loads(mounts))}
        for name, load in volumes.items():
            if load.target == DOOR:
                load.links.update({one: f"{SOCKETS}/{one}" for one in (SOCKET_NAME, EGRESS_SOCKET_NAME)})
            with engine_errors():
                self._client.volumes.create(name=name, labels=dict(spec.labels))
            self._volumes[name] = load
        if volumes:
            travel.fill(self._client, spec.image, volumes, spec.labels)

    def _carry_door(self, door: Path) -> None:
        # The gateway's socket comes last: who waits for it finds the other there too.
        names = [name for name in (EGRESS_SOCKET_NAME, SOCKET_NAME) if (door / name).exists()]
        command = [self._spec.python, "-I", f"{DOOR}/{PROGRAM}", SOCKETS, *names]
        self._relay = DoorRelay(self._client, self._container.id, command, user=f"{RELAY}:{AGENT_GROUP}")
        self._relay.start(door, names)
