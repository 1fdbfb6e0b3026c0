"""A sandbox as one hardened Docker container with a limited workspace volume.

What it defends: the host's files, network, devices and processes, and everything secret, against whatever runs inside.
What it does not: kernel bugs, engine bugs, GPU driver bugs. What it is made with is in `options.py`; `effective()`
reads it back from the engine for the run's record.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import posixpath
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError
from harness.sandbox import workspace as workspaces
from harness.sandbox.archive import read_single_file
from harness.sandbox.base import MIB, Ending, SandboxSpec
from harness.sandbox.cgroup import ControlGroup, ResourceUse, control_group
from harness.sandbox.events import killed_with
from harness.sandbox.failure import classify, engine_errors
from harness.sandbox.oom import OomCounter
from harness.sandbox.options import container_options, describe

POLL_SECONDS = 1.0
DISK_CHECK_SECONDS = 10.0
LOOK_SECONDS = 20
MOST_FAILED_LOOKS = 2  # in a row: a busy host may be slow once, a tree that can't be measured is the box's doing
LEAST_FREE_BYTES = 4 * MIB  # less than this, and some write inside has failed or is about to
LIMIT_FIELDS = {
    "memory": ("memory_bytes", "memory_and_swap_bytes"),
    "processes": ("pids_limit",),
    "CPUs": ("cpus",),
}
GO_MODE_DIR = 1 << 31  # the engine reports file modes as Go's os.FileMode


class DockerSandbox:
    """See `Sandbox` for the contract. Use `remove` in a `finally`; orphans are found by their labels (`reap`)."""

    def __init__(
        self,
        client: Any,
        spec: SandboxSpec,
        *,
        workspace_folder: Path,
        environ: Mapping[str, str],
        not_limited: Sequence[str] = (),
    ) -> None:
        self._client = client
        self._spec = spec
        self._folder = workspace_folder
        self._environ = environ
        self._not_limited = tuple(not_limited)  # what the engine says it can't limit, whatever it says of the container
        self._container: Any = None
        self._workspace: workspaces.Workspace | None = None
        self._started = 0.0
        self._failed_looks = 0
        self._control_group: ControlGroup | None = None
        self._seen_used_bytes: int | None = None

    def start(self) -> None:
        spec = self._spec
        try:
            self._workspace = workspaces.create(
                self._client,
                spec.name,
                spec.limits.workspace_bytes,
                self._folder,
                spec.labels,
                self._environ,
                spec.last_space_for,
            )
            with engine_errors():
                self._container = self._client.containers.create(**self.options())
                self._container.start()
        except BaseException:
            with contextlib.suppress(InfrastructureError):  # what is being raised says more
                self.remove()
            raise
        self._started = time.monotonic()

    def options(self) -> dict[str, Any]:
        """What the container is created with."""
        return container_options(self._spec)

    def wait(self, tick: Callable[[], float]) -> Ending:
        limits = self._spec.limits
        timed_out = over_disk = False
        next_disk_check = time.monotonic() + DISK_CHECK_SECONDS
        with OomCounter(self._container) as oom:
            while not self._ended(POLL_SECONDS):
                uncounted = tick()
                oom.sample()
                self._refuse_full_host()
                if time.monotonic() - self._started - uncounted > limits.wall_seconds:
                    timed_out = True
                elif self._workspace and self._workspace.limit == "watched" and time.monotonic() > next_disk_check:
                    over_disk = self._is_over_disk()
                    next_disk_check = time.monotonic() + DISK_CHECK_SECONDS
                if timed_out or over_disk:
                    self.stop()
                    break
            self._refuse_full_host()
            kills = oom.total()
        state = self._state()
        ours = timed_out or over_disk
        return Ending(
            exit_code=state.get("ExitCode"),
            oom_kills=max(kills, int(bool(state.get("OOMKilled")))),
            timed_out=timed_out,
            over_disk=over_disk,
            seconds=time.monotonic() - self._started,
            log_tail=self._log_tail(),
            killed_with=None if ours or not state.get("ExitCode") else killed_with(self._container, state["ExitCode"]),
        )

    def stop(self) -> None:
        """Ask everything inside to end, and end it after the grace time."""
        with engine_errors():
            self._container.stop(timeout=int(self._spec.limits.grace_seconds))

    def fetch(self, path: str, destination: Path) -> bool:
        import docker.errors

        with engine_errors():
            try:
                if not self._is_folder(posixpath.dirname(path)):
                    return False
                stream, _ = self._container.get_archive(path, chunk_size=1 << 20)
            except docker.errors.NotFound:
                return False
            read_single_file(stream, posixpath.basename(path), destination, self._spec.limits.submission_bytes)
        return True

    def effective(self) -> dict[str, Any]:
        with engine_errors():
            self._container.reload()
        found = describe(self._container.attrs, self._workspace)
        not_there = {field: None for name in self._not_limited for field in LIMIT_FIELDS[name]}
        return found | not_there | {"not_limited": list(self._not_limited)}

    def resources(self) -> ResourceUse | None:
        if self._control_group is None:
            pid = int(self._container.attrs["State"].get("Pid") or 0)  # as `effective` read it
            self._control_group = control_group(pid, self._container.id)
        use = self._control_group.read() if self._control_group is not None else None
        return replace(use, disk_bytes=self._held_bytes()) if use is not None else None

    def remove(self) -> None:
        import docker.errors

        workspace = self._workspace
        if workspace is None:
            return
        try:
            # By the workspace, not by `_container`: an interrupt may have come before that was known, and the box that
            # looks how full the workspace is may be there too.
            with engine_errors():
                users = self._client.containers.list(all=True, filters={"volume": workspace.volume}, sparse=True)
            for container in users:
                with engine_errors(), contextlib.suppress(docker.errors.NotFound):
                    container.remove(force=True, v=False)
        finally:
            workspaces.remove(self._client, workspace)
        self._workspace = None

    def _refuse_full_host(self) -> None:
        """A workspace takes its space as it is written: on a full host disk, writes inside fail without its fault."""
        if self._workspace is None or self._workspace.limit != "loop":
            return
        free = shutil.disk_usage(self._folder).free
        if free < LEAST_FREE_BYTES:
            raise InfrastructureError(
                f"the disk of {self._folder}, where workspaces lie, is full: {free >> 20} MiB are free. Make room, "
                "then run the same command again; see: podium doctor"
            )

    def _ended(self, seconds: float) -> bool:
        import docker.errors
        import requests

        try:
            self._container.wait(timeout=seconds)
        except requests.exceptions.RequestException as error:
            if _is_timeout(error):
                return False
            raise classify(error) from error
        except docker.errors.NotFound as error:
            raise InfrastructureError(
                f"container {self._spec.name} was removed while it ran. See: podium doctor"
            ) from error
        return True

    def _state(self) -> dict[str, Any]:
        with engine_errors():
            self._container.reload()
        state: dict[str, Any] = self._container.attrs["State"]
        return state

    def _log_tail(self) -> str:
        with engine_errors():
            raw: bytes = self._container.logs(tail=40)
        return raw.decode("utf-8", "replace")[-4000:]

    def _is_folder(self, path: str) -> bool:
        # A folder that was replaced by a link could name any file inside the box; the engine would follow it.
        # HEAD, because an archive stream that is opened and not drained blocks the next one for a minute.
        api = self._client.api
        answer = api.head(api._url("/containers/{0}/archive", self._container.id), params={"path": path})
        if answer.status_code == 404:
            return False
        answer.raise_for_status()
        stat = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
        return bool(stat["mode"] & GO_MODE_DIR) and stat["linkTarget"] in ("", path)  # Podman names the path itself

    def _is_over_disk(self) -> bool:
        used = self._seen_used_bytes = self._used_bytes()
        self._failed_looks = self._failed_looks + 1 if used is None else 0
        return self._failed_looks >= MOST_FAILED_LOOKS if used is None else used > self._spec.limits.workspace_bytes

    def _held_bytes(self) -> int | None:
        """How full the workspace is: asked of its own file system, or as the last look at a watched one found it."""
        workspace = self._workspace
        if workspace is None or workspace.device is None:
            return self._seen_used_bytes
        place = next((mount["Source"] for mount in self._container.attrs["Mounts"] if mount.get("Name")), None)
        try:
            # Where this process sees other mounts than the engine, the folder is of another file system.
            if place is None or os.stat(place).st_dev != os.stat(workspace.device).st_rdev:  # noqa: PTH116
                return None
            state = os.statvfs(place)
        except OSError:
            return None
        return (state.f_blocks - state.f_bfree) * state.f_frsize

    def _used_bytes(self) -> int | None:
        """Ask a box of its own, which may read everybody's folders and sees the workspace read-only.

        None when it came to no result: too many files, or folders too deep.
        """
        import requests
        from docker.types import Mount

        with engine_errors():
            looker = self._client.containers.create(
                image=self._spec.image,
                entrypoint=["/usr/bin/du", "-sxk", "/workspace"],
                mounts=[Mount("/workspace", self._spec.name, type="volume", read_only=True)],
                network_mode="none",
                read_only=True,
                cap_drop=["ALL"],
                cap_add=["DAC_OVERRIDE"],
                security_opt=["no-new-privileges:true"],
                labels=dict(self._spec.labels),
                mem_limit=256 * MIB,
                pids_limit=8,
                use_config_proxy=False,
            )
            try:
                looker.start()
                looker.wait(timeout=LOOK_SECONDS)
                fields = looker.logs(stderr=False).split()
            except requests.exceptions.RequestException as error:
                if not _is_timeout(error):
                    raise
                fields = []
            finally:
                looker.remove(force=True)
        return int(fields[0]) * 1024 if fields else None


def _is_timeout(error: Exception) -> bool:
    """The SDK has no "not yet": a wait that outlasts its HTTP timeout is one, and so may a dead engine look."""
    return "timed out" in str(error).lower()
