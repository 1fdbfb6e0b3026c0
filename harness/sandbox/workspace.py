"""The one writable place of a box: a named volume, limited in size where the host allows it.

As root beside a local engine the volume is an ext4 file system in a file of the workspace's size, attached as a loop
device: a full disk inside is then an ordinary ENOSPC there and nobody else's. Elsewhere it is a plain volume, and the
sandbox watches its size. The record says which (`loop` or `watched`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.errors import InfrastructureError
from harness.sandbox.failure import engine_errors
from harness.sandbox.owner import is_alive, me

IMAGE_LABEL = "podium.workspace.image"
DEVICE_LABEL = "podium.workspace.device"
DETACH_TRIES = 50
TOOL_SECONDS = 120
LOOP_DEVICES = Path("/sys/block")
DELETED = " (deleted)"  # the kernel's addition to the name of a file that is gone
TOOL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Workspace:
    """A volume, and the loop device and image file behind it where it is limited."""

    volume: str
    limit: Literal["loop", "watched"]
    image: Path | None = None
    device: str | None = None


def can_limit(environ: Mapping[str, str]) -> bool:
    """Are we root beside a local engine, with the tools to make a file system in a file?"""
    local = environ.get("DOCKER_HOST", "unix://").startswith("unix://")
    tools = all(shutil.which(tool, path=TOOL_PATH) for tool in ("mkfs.ext4", "tune2fs", "debugfs", "losetup"))
    return os.geteuid() == 0 and local and tools and Path("/dev/loop-control").exists()


def create(
    client: Any,
    name: str,
    size_bytes: int,
    folder: Path,
    labels: Mapping[str, str],
    environ: Mapping[str, str],
    last_space_for: int | None = None,
) -> Workspace:
    """Make the volume; raise `InfrastructureError` and leave nothing when that fails.

    Where its size is limited, the last of it is kept for root and the group `last_space_for`.
    """
    if not can_limit(environ):
        with engine_errors():
            client.volumes.create(name=name, labels=dict(labels))
        return Workspace(volume=name, limit="watched")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Files behind loop devices are listed in /sys for every container: the name must not tell whose the workspace is.
    image = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.ext4"
    device = ""
    try:
        _owner_file(image).write_text(me())
        _make_file_system(image, size_bytes, last_space_for)
        device = _run("losetup", "--find", "--show", str(image)).strip()
        with engine_errors():
            client.volumes.create(
                name=name,
                driver="local",
                driver_opts={"type": "ext4", "device": device, "o": "nosuid,nodev"},
                labels={**labels, IMAGE_LABEL: str(image), DEVICE_LABEL: device},
            )
    except BaseException:
        with contextlib.suppress(InfrastructureError):  # what is being raised says more, and `podium clean` finds it
            remove(client, Workspace(name, "loop", image, device))
        raise
    return Workspace(volume=name, limit="loop", image=image, device=device)


def remove(client: Any, workspace: Workspace) -> None:
    """Remove volume, device and file; what is gone already is no error."""
    import docker.errors

    try:
        with engine_errors(), contextlib.suppress(docker.errors.NotFound):
            client.volumes.get(workspace.volume).remove(force=True)
    finally:
        if workspace.image is not None:
            release(workspace.image, workspace.device or "")


def half_made(folder: Path) -> Iterator[Path]:
    """Files of workspaces whose owners are gone; those that a volume names are known to the engine too."""
    for owner in folder.glob("*.owner"):
        with contextlib.suppress(OSError):
            if not is_alive(owner.read_text()):
                yield owner.with_suffix(".ext4")


def without_file(folder: Path) -> Iterator[str]:
    """Loop devices that hold on to the space of a workspace's file that was deleted."""
    for entry in sorted(LOOP_DEVICES.glob("loop*")):
        file = _backing_file(entry.name)
        if file is not None and file.endswith(DELETED) and Path(file).parent == folder:
            yield f"/dev/{entry.name}"


def release(image: Path, device: str = "") -> None:
    """Detach whatever loop device holds the file, and remove the file; what is gone already is no error."""
    holding = (f"/dev/{entry.name}" for entry in LOOP_DEVICES.glob("loop*") if _backing_file(entry.name) == str(image))
    _detach(device or next(holding, ""), image)
    image.unlink(missing_ok=True)
    _owner_file(image).unlink(missing_ok=True)


def detach_deleted(device: str) -> None:
    """Let go of a deleted file's space; where the device is in use, the kernel does it at the end of that use."""
    _run("losetup", "--detach", device)


def _owner_file(image: Path) -> Path:
    return image.with_suffix(".owner")


def _make_file_system(image: Path, size_bytes: int, last_space_for: int | None) -> None:
    with image.open("xb") as file:
        file.truncate(size_bytes)
    # No journal: nothing survives the run. The last 2 % are out of the candidates' reach, so that a disk that they
    # fill can't stop the agent from writing down what happened.
    options = ["-m", "2", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard"]
    _run("mkfs.ext4", "-q", "-F", *options, str(image))
    if last_space_for is not None:
        _run("tune2fs", "-g", str(last_space_for), str(image))
    # An empty root folder is what makes the engine copy the image's own content, owners kept, into a new volume.
    _run("debugfs", "-w", "-R", "rmdir lost+found", str(image))


def _detach(device: str, image: Path) -> None:
    # The device must still be *this* file's: after a restart of the host the number may be somebody else's. A detach is
    # put off by the kernel while a container that is just starting holds a copy of the mounts, so it is asked again.
    for _ in range(DETACH_TRIES):
        if not device or _backing_file(device) != str(image):
            break
        with contextlib.suppress(InfrastructureError):
            _run("losetup", "--detach", device)
        if _backing_file(device) == str(image):
            time.sleep(0.1)


def _backing_file(device: str) -> str | None:
    source = LOOP_DEVICES / Path(device).name / "loop" / "backing_file"
    with contextlib.suppress(OSError):
        return source.read_text().strip()
    return None


def _run(tool: str, *arguments: str) -> str:
    path = shutil.which(tool, path=TOOL_PATH)
    if path is None:
        raise InfrastructureError(f"{tool} is not installed. Try: apt-get install e2fsprogs util-linux")
    command = [path, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TOOL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfrastructureError(f"{tool} failed: {error}. See: podium doctor") from error
    if done.returncode != 0:
        raise InfrastructureError(
            f"{tool} failed ({done.returncode}): {done.stderr.strip()[-400:]}. See: podium doctor"
        )
    return done.stdout
