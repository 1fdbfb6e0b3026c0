"""Run one of these files as the agent of a hardened container, with nothing else of Podium around it."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

HARDENED = (
    "--network=none --read-only --cap-drop=ALL --cap-add=SETUID --cap-add=SETGID --init --memory=4g --pids-limit=512 "
    "--security-opt=no-new-privileges:true --tmpfs=/tmp:mode=1777 --volume=/home"
)


def inside(file: str, mounts: Mapping[Path, str] | None = None, seconds: float = 600) -> dict[str, list[float]]:
    """Run `file inside` in the agent's place; what it printed, as JSON. `mounts` are read-only."""
    from harness import config
    from harness.machine.images import ensure_image

    image = ensure_image("cpu", config.load(os.environ), lambda line: None)
    command = ["docker", "run", "--rm", f"--name=podium-perf-{uuid.uuid4().hex[:12]}", *HARDENED.split()]
    for source, target in {Path(file).resolve(): "/opt/measured.py", **(mounts or {})}.items():
        command += [f"--volume={source}:{target}:ro"]
    command += [image.tag, "--", "/opt/agent/bin/python", "-I", "/opt/measured.py", "inside"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the container ended with {done.returncode}: {done.stderr[-2000:]}")
    measured: dict[str, list[float]] = json.loads(done.stdout)
    return measured
