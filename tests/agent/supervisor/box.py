"""One hardened container with `driver.py` in the agent's place, as a Python object on the host."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import queue
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.contract import CandidateLimits
from agent.interpreter import NO_INPUTS, Execution
from harness.sandbox import workspace

DRIVER = Path(__file__).with_name("driver.py")
HARDENED = [
    "--network=none",
    "--read-only",
    "--cap-drop=ALL",
    "--cap-add=SETUID",
    "--cap-add=SETGID",
    "--security-opt=no-new-privileges:true",
    "--init",
    "--ipc=private",
    "--hostname=podium",
    "--tmpfs=/tmp:rw,nosuid,nodev,exec,size=64m,mode=1777",
    "--ulimit=core=0:0",
    "--ulimit=nofile=4096:4096",
    "--shm-size=256m",
    "--memory=2g",
    "--memory-swap=2g",
    "--pids-limit=300",
]
WORKSPACE_BYTES = 300 * 1024 * 1024


class Box:
    """Talks to the driver; many threads may ask at once."""

    def __init__(self, process: subprocess.Popen[str], name: str, limited: bool) -> None:
        self.name = name
        self.limited = limited  # is the workspace a small file system of its own?
        self._process = process
        self._ids = itertools.count()
        self._waiting: dict[int, queue.Queue[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self.log: list[str] = []
        self.scratch = tempfile.TemporaryDirectory()
        for listen in (self._listen, self._keep_log):
            threading.Thread(target=listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            reply = json.loads(line)
            self._waiting.pop(reply["id"]).put(reply)
        for waiting in list(self._waiting.values()):
            waiting.put({"error": f"the box has ended: {''.join(self.log)}"})

    def _keep_log(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self.log.append(line)

    def ended(self) -> int:
        """Wait for the end; the container's exit status."""
        return self._process.wait(timeout=60)

    def tell(self, code: str) -> None:
        """Run `code` with the agent's rights, without an answer: it may be the agent's last."""
        with self._lock:
            self._write({"id": next(self._ids), "agent": code})

    def ask(self, seconds: float = 120, **request: object) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        answer: queue.Queue[dict[str, Any]] = queue.Queue()
        with self._lock:
            number = next(self._ids)
            self._waiting[number] = answer
            self._write({"id": number, **request})
        return answer.get(timeout=seconds)

    def _write(self, request: dict[str, object]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def agent(self, code: str) -> Any:
        """Run `code` with the agent's rights; what it assigns to `answer`."""
        reply = self.ask(agent=code)
        assert "error" not in reply, reply["error"]
        return reply["answer"]

    def root(self, *command: str) -> str:
        """Run a command in the container as its root."""
        done = subprocess.run(
            ["docker", "exec", "--user=0:0", self.name, *command],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, code: str) -> str:
        """Run Python in the container as root."""
        return self.root("/opt/agent/bin/python", "-I", "-c", code)


class BoxInterpreter:
    """One slot of the box, as an `Interpreter` on the host."""

    def __init__(self, box: Box, slot: int = 0) -> None:
        self._box = box
        self._slot = slot

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Run in the box, and bring the node's files here."""
        given = {name: base64.b64encode(path.read_bytes()).decode() for name, path in inputs.items()}
        seconds = limits.timeout_seconds + 60
        job = {"slot": self._slot, "code": code, "limits": asdict(limits), "inputs": given, "sampled": sampled}
        reply = self._box.ask(seconds, **job)
        assert "error" not in reply, reply["error"]
        node_dir.mkdir(parents=True, exist_ok=True)
        for name, content in reply["files"].items():
            (node_dir / name).write_bytes(base64.b64decode(content))
        submission = node_dir / "submission.csv" if reply["execution"]["submission"] else None
        return Execution(**{**reply["execution"], "submission": submission})

    def close(self) -> None:
        """The box ends what runs when it ends."""


@contextlib.contextmanager
def opened(
    engine: Any,
    image: str,
    data: Path,
    *supervisor: str,
    docker: Sequence[str] = (),
    agent: Sequence[str] = ("/opt/agent/bin/python", "-I", "/opt/driver.py"),
) -> Iterator[Box]:
    """Start a box with `data` as its public data; ended and removed with its volume in the end."""
    name = f"podium-test-{uuid.uuid4().hex[:12]}"
    with tempfile.TemporaryDirectory() as folder:
        volume = workspace.create(engine, name, WORKSPACE_BYTES, Path(folder), {"podium.test": "1"}, os.environ)
        command = ["docker", "run", "-i", "--rm", f"--name={name}", "--label=podium.test=1", *HARDENED, *docker]
        command += [f"--volume={name}:/home", f"--volume={data}:/home/data:ro", f"--volume={DRIVER}:/opt/driver.py:ro"]
        command += [image, *supervisor, "--", *agent]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            yield Box(process, name, volume.limit == "loop")
        finally:
            subprocess.run(["docker", "kill", name], capture_output=True, timeout=60)
            process.wait(timeout=60)
            workspace.remove(engine, volume)
