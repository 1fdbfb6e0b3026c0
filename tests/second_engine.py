"""A Docker engine of a test's own, beside the user's: to be killed, restarted, and given a runtime hook.

It has a data root, an exec root, a socket, a network namespace without any interface and a cgroup of its own, so it can
neither see nor disturb the engine that is there. At the end every process in its cgroup is ended by its number (engine,
containerd, shims, containers), its mounts and its folder are removed. It ends with the test also when that is killed:
the kernel sends it SIGTERM when the *thread* that started it is gone, so start it in one that lives as long as it.

Needs root and a `dockerd`; containers have `network_mode="none"`, as those of runs have.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CGROUPS = Path("/sys/fs/cgroup")
START_SECONDS = 60.0
END_SECONDS = 20.0
POLL_SECONDS = 0.02


class SecondEngine:
    """See `second_engine`. `kill` and `start` may follow each other; the data root stays."""

    def __init__(self, folder: Path, path_first: Path | None = None) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/engine.sock"
        self.log = folder / "engine.log"
        self.group = f"podium-test-{uuid.uuid4().hex[:12]}"
        self._path = f"{path_first}:{SYSTEM_FOLDERS}" if path_first else SYSTEM_FOLDERS
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[docker.DockerClient] = []

    @property
    def environ(self) -> dict[str, str]:
        """What points our commands at this engine."""
        return {"DOCKER_HOST": self.host, "PATH": SYSTEM_FOLDERS}

    @property
    def pid(self) -> int:
        """The process number of its dockerd."""
        assert self._process is not None
        return self._process.pid

    def client(self, timeout: int = 60) -> docker.DockerClient:
        """A client of it, closed at the end."""
        made = docker.DockerClient(base_url=self.host, timeout=timeout)
        self._clients.append(made)
        return made

    def start(self) -> None:
        """Start it, or start it again after `kill`; return when it answers.

        After a kill with containers that ran it ends those first: 10 s for one that ignores SIGTERM (no `init`).
        """
        for stale in ("engine.pid", "exec/containerd/containerd.pid"):
            (self.folder / stale).unlink(missing_ok=True)
        self._configure()
        for leaf in self._leaves("engine"):
            leaf.mkdir(parents=True, exist_ok=True)
        joins = "; ".join(f"echo $$ > {leaf}/cgroup.procs" for leaf in self._leaves("engine"))
        command = [
            *("setpriv", "--pdeathsig", "TERM", "unshare", "--net", "dockerd"),
            *("--host", self.host, "--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"),
            *("--pidfile", f"{self.folder}/engine.pid", "--cgroup-parent", f"/{self.group}/containers"),
            *(
                "--exec-opt",
                "native.cgroupdriver=cgroupfs",
                "--bridge",
                "none",
                "--iptables=false",
                "--ip-forward=false",
            ),
            *("--config-file", f"{self.folder}/daemon.json", "--shutdown-timeout", "2"),
        ]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", f'{joins}; exec "$@"', "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": self._path, "HOME": str(self.folder)},
                cwd="/",
                start_new_session=True,
            )
        self._wait()

    def kill(self) -> None:
        """`kill -9` of dockerd alone, as a crash would; what it had running may go on for a moment, or for good."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """An orderly end, as `systemctl stop docker` would ask for it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=END_SECONDS)

    def load(self, source: docker.DockerClient, image: str) -> str:
        """Copy an image from another engine; return its id here, which is the same."""
        with tempfile.TemporaryFile(dir=self.folder) as archive:
            for chunk in source.images.get(image).save(chunk_size=1 << 20):
                archive.write(chunk)
            archive.seek(0)
            self.client(timeout=600).images.load(archive)
        return str(source.images.get(image).id)

    def tiny_image(self) -> str:
        """An image of a few MB with this machine's `sh`, `sleep` and `true`, made in a moment; return its id."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            programs = [f"/bin/{name}" for name in ("sh", "sleep", "true", "cat", "dd")]
            for file in sorted({file for program in programs for file in (program, *_libraries(program))}):
                tar.add(Path(file).resolve(), arcname=file)
        archive.seek(0)
        self.client().api.import_image_from_data(archive.getvalue(), repository="podium-test/tiny", tag="latest")
        return str(self.client().images.get("podium-test/tiny:latest").id)

    def processes(self) -> list[int]:
        """Every process of it: engine, containerd, shims and what runs in containers."""
        found: set[int] = set()
        for top in self._tops():
            for file in top.rglob("cgroup.procs"):
                with contextlib.suppress(OSError):
                    found.update(map(int, file.read_text().split()))
        return sorted(found)

    def remove(self) -> None:
        """End everything of it and remove its folder; idempotent."""
        for client in self._clients:
            client.close()
        self._end_processes()
        for mount in _mounts_below(self.folder):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        for top in self._tops():
            for folder in sorted((path for path in top.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts)):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            with contextlib.suppress(OSError):
                top.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)
        left = [str(top) for top in self._tops()] + ([str(self.folder)] if self.folder.exists() else [])
        assert not left, f"the second engine left {left}"

    def _end_processes(self) -> None:
        deadline = time.monotonic() + END_SECONDS
        while left := self.processes():
            assert time.monotonic() < deadline, f"the second engine's processes {left} did not end"
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self._process is not None:
                self._process.poll()
            time.sleep(POLL_SECONDS)
        if self._process is not None:
            self._process.wait(timeout=END_SECONDS)

    def _configure(self) -> None:
        """A configuration of its own, or the user's in /etc/docker would be read, and an old engine's identity too."""
        said = subprocess.run(["dockerd", "--version"], capture_output=True, text=True, check=True).stdout
        major = int(re.search(r"version (\d+)\.", said)[1])  # type: ignore[index]
        own_identity = {"deprecated-key-path": f"{self.folder}/key.json"} if major < 23 else {}
        (self.folder / "daemon.json").write_text(json.dumps(own_identity))

    def _leaves(self, name: str) -> list[Path]:
        """Where the engine itself is put: a leaf, as cgroup v2 allows no process beside a child group."""
        return [root / self.group / name for root in _process_roots()]

    def _tops(self) -> list[Path]:
        return [top for top in (root / self.group for root in _all_roots()) if top.is_dir()]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                client = docker.DockerClient(base_url=self.host, timeout=5)
                with contextlib.closing(client):
                    client.ping()
                return
            assert self._process is not None
            assert self._process.poll() is None, f"dockerd ended:\n{self.log.read_text()[-2000:]}"
            time.sleep(POLL_SECONDS)
        raise AssertionError(f"dockerd did not answer:\n{self.log.read_text()[-2000:]}")


@contextlib.contextmanager
def second_engine(path_first: Path | None = None) -> Iterator[SecondEngine]:
    """A running engine; `path_first` is a folder that comes first on its PATH, for a stand-in runtime hook."""
    engine = SecondEngine(Path(tempfile.mkdtemp(prefix="podium-engine-")), path_first)
    try:
        engine.start()
        yield engine
    finally:
        engine.remove()


def _process_roots() -> list[Path]:
    """The hierarchy in which the engine's processes are counted: v2's only one, or v1's `pids`."""
    return [CGROUPS] if _is_v2() else [CGROUPS / "pids"]


def _is_v2() -> bool:
    return (CGROUPS / "cgroup.controllers").exists()


def _all_roots() -> list[Path]:
    return (
        [CGROUPS]
        if (CGROUPS / "cgroup.controllers").exists()
        else [path for path in CGROUPS.iterdir() if path.is_dir()]
    )


def _mounts_below(folder: Path) -> list[str]:
    """Mount points below a folder, the innermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    return sorted((point for point in points if Path(point).is_relative_to(folder)), key=len, reverse=True)


def _libraries(program: str) -> list[str]:
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [word for line in listed.splitlines() for word in line.split() if word.startswith("/")]
