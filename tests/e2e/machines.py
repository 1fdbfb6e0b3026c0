"""Ray clusters on this machine, for tests: every process of a node can be told by a mark in its environment, so a node
can be lost as in a power failure, and everything that a test started is ended by its id.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MARK = "PODIUM_TEST_NODE"
RAY = str(Path(sys.executable).parent / "ray")
STORE_BYTES = 80 << 20
TRIES = 3


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds, what):
    """Wait until the condition gives something true; return that."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return found


class Node:
    """One node, with a PODIUM_HOME of its own."""

    def __init__(self, cluster, arguments, tools=None):
        self.mark = f"{cluster.mark}-{secrets.token_hex(4)}"
        self.home = cluster.folder / f"home-{self.mark[-8:]}"
        few = (f"--object-store-memory={STORE_BYTES}", "--include-log-monitor=False", "--disable-usage-stats")
        command = [RAY, "start", *arguments, *few, "--block"]
        path = f"{tools}:{cluster.environ['PATH']}" if tools else cluster.environ["PATH"]
        self.log = cluster.folder / f"{self.mark[-8:]}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env={**cluster.environ, "PODIUM_HOME": str(self.home), "PATH": path, MARK: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def is_decided(self):
        """Has it started, or given up?"""
        return "Ray runtime started" in self.log.read_text() or self.process.poll() is not None

    def pids(self):
        """Its living processes."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                # Ray's agents set their titles, which writes over their environment; they stay in the node's session.
                if f"{MARK}={self.mark}\0".encode() in environ.read_bytes() or self._has(environ.parent):
                    found.append(int(environ.parent.name))
        return found

    def _has(self, process):
        """Is it of the session that the node began, and not waiting to be reaped?"""
        state, _, _, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
        return int(session) == self.process.pid and state != "Z"

    def carries_a_run(self):
        """Is the process of a run among them?"""
        for pid in self.pids():
            with contextlib.suppress(OSError):
                if b"harness.nodes.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return True
        return False

    def lose(self):
        """End all of it at once, as a power failure does."""
        until = time.monotonic() + 30
        while pids := self.pids():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.poll()
            assert time.monotonic() < until, f"still there: {pids}"
            time.sleep(0.1)
        self.process.wait(10)


class TestCluster:
    """A head that carries no runs, and nodes that do; a context manager."""

    __test__ = False

    def __init__(self, nodes=2, mode="token"):
        self.folder = Path(tempfile.mkdtemp(prefix="pr-", dir="/tmp"))  # short: sockets lie in it
        self.mark = secrets.token_hex(4)
        self.mode = mode
        self.token = secrets.token_hex(32)
        self.address = f"127.0.0.1:{free_port()}"
        self._count = nodes
        self.nodes = []
        self.head = None

    @property
    def access(self):
        """What a command's environment needs to reach it."""
        token = {"RAY_AUTH_TOKEN": self.token} if self.mode == "token" else {}
        return {"RAY_AUTH_MODE": self.mode, "RAY_ADDRESS": self.address, **token}

    @property
    def environ(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_HOST") if name in os.environ}
        few = {"RAY_enable_worker_prestart": "0", "RAY_prestart_worker_first_driver": "0"}
        lending = {"PODIUM_LENDING": str(self.folder / "lending")}  # of this test's nodes alone
        return {**kept, **self.access, **few, **lending, "RAY_USAGE_STATS_ENABLED": "0"}

    def __enter__(self):
        port = self.address.partition(":")[2]
        with self._ended_on_errors():
            alone = ("--num-cpus=0", "--include-dashboard=False", "--no-monitor", f"--temp-dir={self.folder}/r")
            self.head = self._started(lambda: Node(self, ["--head", f"--port={port}", *alone]))
            for _ in range(self._count):
                self.add()
        return self

    def add(self, gpus=0, tools=None):
        """Have another node that carries one run at a time; `tools` is a folder that comes first on its PATH."""
        carries = (f"--address={self.address}", "--num-cpus=1", f"--memory={3 << 30}", f"--num-gpus={gpus}")
        self.nodes.append(self._started(lambda: Node(self, carries, tools)))

    def _started(self, make):
        """Ray gives a node 30 s to start, which it may need on a machine that has much else to do."""
        for tries_left in reversed(range(TRIES)):
            node = make()
            try:
                wait_for(node.is_decided, 120, node.log)
                if node.process.poll() is None:
                    return node
            except BaseException:
                node.lose()
                raise
            node.lose()
            assert tries_left, node.log.read_text()
        raise AssertionError

    @contextlib.contextmanager
    def _ended_on_errors(self):
        try:
            yield
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        for node in (*self.nodes, self.head):
            if node is not None:
                node.lose()
        shutil.rmtree(self.folder, ignore_errors=True)
