"""The container engine: is there one that answers, and if not, can this machine have one?

An engine that answers is used as it is. As root on a Debian-like machine without one, Debian's `docker.io` is installed
and `dockerd` started; it goes on running afterwards. An engine that DOCKER_HOST names is somebody else's: it is never
started, installed or configured here. Nothing here changes a running engine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import Settings
from harness.errors import InfrastructureError, UserError
from harness.machine.tunnel import TUNNELS
from harness.setup import debian
from harness.setup.steps import SYSTEM_FOLDERS, Say, one_at_a_time, tail, timed

ANSWER_SECONDS = 5
START_SECONDS = 60.0
POLL_SECONDS = 0.1
# From Debian 13 on the client and its builder are packages of their own.
PACKAGES = ("docker.io",)
PACKAGES_OF_LATER_RELEASES = ("docker-cli", "docker-buildx")


@dataclass(frozen=True)
class Engine:
    """An engine that answered."""

    host: str
    version: str
    api_version: str


@dataclass(frozen=True)
class Machine:
    """The parts of this machine that having an engine touches."""

    environ: Mapping[str, str]
    uid: int
    logs: Path = Path("/var/log/podium")  # only root writes here, and only root starts an engine
    run_folder: Path = Path("/var/run")
    os_release: Path = Path("/etc/os-release")
    systemd: Path = Path("/run/systemd/system")
    system_folders: str = SYSTEM_FOLDERS  # beside PATH, which often lacks /usr/sbin
    start_seconds: float = START_SECONDS

    @property
    def host(self) -> str:
        """The engine's address."""
        return self.environ.get("DOCKER_HOST") or f"unix://{self.run_folder}/docker.sock"

    @property
    def path(self) -> str:
        """Where programs are looked for, by us and by dockerd (containerd, runc, iptables)."""
        return f"{self.environ.get('PATH', '')}:{self.system_folders}".strip(":")


def connect(environ: Mapping[str, str], timeout_seconds: int = 120) -> Any:
    """A client of the engine; raise `InfrastructureError` when none answers."""
    import docker

    from harness.sandbox.failure import engine_errors

    with engine_errors():
        return docker.from_env(timeout=timeout_seconds, environment=TUNNELS.through(environ))


def ensure_engine(settings: Settings, say: Say, machine: Machine | None = None) -> Engine:
    """An engine that answers, installed and started first where that is possible and nobody else's business."""
    machine = machine or Machine(settings.environ, uid=os.geteuid())
    found = ask(machine)
    if isinstance(found, Engine):
        return found
    _refuse_where_not_ours(machine, found)
    with one_at_a_time(machine.run_folder / "podium-engine.lock", say, "starting the container engine"):
        found = ask(machine)
        if isinstance(found, Engine):
            return found
        say(f"No container engine answers at {machine.host} ({found}).")
        if shutil.which("dockerd", path=machine.path) is None:
            _install(machine, say)
        return _start(machine, say)


def ask(machine: Machine) -> Engine | str:
    """The engine, or why there is none."""
    import docker
    import docker.errors
    import requests

    try:
        environment = TUNNELS.through({**machine.environ, "DOCKER_HOST": machine.host})
        client = docker.from_env(timeout=ANSWER_SECONDS, environment=environment)
        with contextlib.closing(client):
            version = client.version()
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        return _reason(error)
    except InfrastructureError as error:  # of the tunnel
        return str(error)
    return Engine(machine.host, str(version["Version"]), str(version["ApiVersion"]))


def _reason(error: BaseException) -> str:
    """The innermost words of an error that the SDK and its HTTP library have wrapped several times."""
    words = str(error)
    for sign in ("Permission denied", "No such file or directory", "Connection refused", "timed out"):
        if sign.lower() in words.lower():
            return sign.lower()
    return words


def _refuse_where_not_ours(machine: Machine, reason: str) -> None:
    if machine.environ.get("DOCKER_HOST"):
        raise InfrastructureError(
            f"the container engine at DOCKER_HOST={machine.host} does not answer ({reason}).\n"
            "Start it there, or unset DOCKER_HOST to use this machine's own; then: podium doctor"
        )
    if reason == "permission denied":
        raise UserError(
            f"this user may not use the container engine at {machine.host} ({reason}).\n"
            "Let it: sudo usermod -aG docker $USER && newgrp docker"
        )
    installable = debian.is_debian_like(debian.os_release(machine.os_release))
    if machine.uid != 0 or not (installable or shutil.which("dockerd", path=machine.path)):
        raise UserError(
            f"no container engine answers at {machine.host} ({reason}). Install and start one:\n"
            "    sudo apt-get install docker.io && sudo systemctl start docker    (elsewhere: your system's Docker)\n"
            "    sudo usermod -aG docker $USER && newgrp docker"
        )


def _install(machine: Machine, say: Say) -> None:
    log = machine.logs / "engine-install.log"
    with timed(say, f"Installing {' '.join(PACKAGES)} (log: {log})"):
        debian.install(PACKAGES, optional=PACKAGES_OF_LATER_RELEASES, log=log, environ=machine.environ)


def _start(machine: Machine, say: Say) -> Engine:
    log = machine.logs / "dockerd.log"
    with timed(say, f"Starting the container engine (log: {log})"):
        process = None
        if machine.systemd.is_dir():
            # The service may be starting already, from its installation.
            _systemctl_start(machine)
        elif not _is_starting(machine):
            process = _start_daemon(machine, log, say)
        return _wait(machine, process, log)


def _systemctl_start(machine: Machine) -> None:
    command = ["systemctl", "start", "docker"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(machine.environ))
    if ended.returncode != 0:
        raise InfrastructureError(
            f"`systemctl start docker` ended with {ended.returncode}: {ended.stderr.strip()}\n"
            "See: journalctl -u docker --no-pager | tail -30"
        )


def _start_daemon(machine: Machine, log: Path, say: Say) -> subprocess.Popen[bytes]:
    """Start dockerd in a session of its own, so that it outlives this command and its terminal."""
    for stale in _stale_pid_files(machine):
        say(f"Removing {stale}: the process it names is no engine.")
        stale.unlink(missing_ok=True)
    daemon = shutil.which("dockerd", path=machine.path)
    if daemon is None:
        raise InfrastructureError(f"docker.io is installed but has no dockerd; see {machine.logs}/engine-install.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [daemon],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_daemon_environment(machine),
            cwd="/",
            start_new_session=True,
        )


def _daemon_environment(machine: Machine) -> dict[str, str]:
    """What a daemon needs of our environment; keys of models and of Kaggle are none of its business."""
    kept = {"HOME", "LANG", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    environ = {name: value for name, value in machine.environ.items() if name.upper() in kept}
    return environ | {"PATH": machine.path}


def _wait(machine: Machine, process: subprocess.Popen[bytes] | None, log: Path) -> Engine:
    deadline = time.monotonic() + machine.start_seconds
    while time.monotonic() < deadline:
        found = ask(machine)
        if isinstance(found, Engine):
            return found
        if process is not None and process.poll() is not None:
            raise InfrastructureError(
                f"dockerd ended with {process.returncode} right after its start:\n{tail(log)}\nAll of its output: {log}"
            )
        time.sleep(POLL_SECONDS)
    words = f"dockerd did not answer at {machine.host} within {machine.start_seconds:.0f} s"
    raise InfrastructureError(f"{words}.\n{tail(log)}\nAll of its output: {log}" if log.is_file() else f"{words}.")


def _is_starting(machine: Machine) -> bool:
    return _names_process(machine.run_folder / "docker.pid", "dockerd")


def _stale_pid_files(machine: Machine) -> list[Path]:
    """Pid files that name some other process by now: after a hard stop the number may be anybody's, and dockerd then
    takes it for an engine that runs."""
    files = {"docker.pid": "dockerd", "docker/containerd/containerd.pid": "containerd"}
    paths = {machine.run_folder / name: program for name, program in files.items()}
    return [path for path, program in paths.items() if path.is_file() and not _names_process(path, program)]


def _names_process(pid_file: Path, program: str) -> bool:
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == program
    except (OSError, ValueError):
        return False
