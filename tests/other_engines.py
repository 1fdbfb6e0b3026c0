"""Engines of other kinds, for tests: Podman's service, and a rootless dockerd of a user that exists only there.

Each has folders and a network namespace of its own, so it can neither see nor disturb the engine that is there; at the
end it is ended by its number and its folder is removed. The user's name and number ranges are bind-mounted for the
engine alone: nothing of this machine is changed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker

START_SECONDS = 60.0
USER = 54321
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ROOTLESS = """\
set -e
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/subid /etc/subuid
mount --bind {folder}/subid /etc/subgid
ip link set lo up 2>/dev/null || true
cd {folder}/home
exec setpriv --reuid {user} --regid {user} --clear-groups env -i PATH={path} HOME={folder}/home \\
    XDG_RUNTIME_DIR={folder}/run rootlesskit --net=host --copy-up=/etc --copy-up=/run --state-dir={folder}/run/kit \\
    sh -c 'rm -f /run/docker /run/containerd; exec "$@"' sh \\
    dockerd --host unix://{folder}/run/engine.sock --data-root {folder}/home/data --exec-root {folder}/run/exec \\
    --pidfile {folder}/run/engine.pid --bridge none --iptables=false --ip-forward=false
"""


def missing_for_rootless() -> str | None:
    """What a rootless dockerd lacks here."""
    if os.geteuid() != 0:
        return "making a user for it takes root"
    return _missing("dockerd", "rootlesskit", "newuidmap", "setpriv", "unshare")


def missing_for_podman() -> str | None:
    """What Podman's service lacks here."""
    return "it is tried as root" if os.geteuid() != 0 else _missing("podman", "conmon")


@contextlib.contextmanager
def rootless() -> Iterator[str]:
    """A dockerd of an ordinary user; its address."""
    with _folder() as folder:
        for name in ("home", "run"):
            (folder / name).mkdir(mode=0o700)
            os.chown(folder / name, USER, USER)
        known = Path("/etc/passwd").read_text()
        (folder / "passwd").write_text(f"{known}rootless:x:{USER}:{USER}::{folder}/home:/bin/sh\n")
        (folder / "subid").write_text("rootless:100000:65536\n")
        script = ROOTLESS.format(folder=folder, user=USER, path=PATH)
        command = ["unshare", "--net", "--mount", "sh", "-c", script]
        with _running(command, folder, f"unix://{folder}/run/engine.sock") as host:
            yield host


@contextlib.contextmanager
def podman() -> Iterator[str]:
    """Podman's service for clients of Docker; its address."""
    with _folder() as folder:
        host = f"unix://{folder}/engine.sock"
        runtime = shutil.which("runc", path=PATH) or shutil.which("crun", path=PATH) or "runc"
        command = [
            *("unshare", "--net", "podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run"),
            *("--runtime", runtime, "--cgroup-manager", "cgroupfs", "system", "service", "--time", "0", host),
        ]
        with _running(command, folder, host):
            yield host


def _missing(*programs: str) -> str | None:
    lacking = [name for name in programs if shutil.which(name, path=PATH) is None]
    return f"there is no {', '.join(lacking)} on this machine" if lacking else None


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="podium-engine-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for line in Path("/proc/self/mounts").read_text().splitlines():
            if line.split()[1].startswith(f"{folder}/"):
                subprocess.run(["umount", "--lazy", line.split()[1]], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(command: list[str], folder: Path, host: str) -> Iterator[str]:
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, env={"PATH": PATH}, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(host):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.1)
        yield host
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(host: str) -> bool:
    try:
        with contextlib.closing(docker.DockerClient(base_url=host, timeout=10)) as client:
            return bool(client.ping())
    except Exception:
        return False
