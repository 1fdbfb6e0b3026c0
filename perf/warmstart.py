"""How soon a candidate's first own line runs after its imports: warm started, and as plain `python`, in one container.

The clock starts where the agent asks for the run, so wiping and laying out the slot, fork and confinement are in it;
for plain python it starts at the fork. The two alternate, so that the machine's mood hits both alike. The same file is
the driver inside the container, in the agent's place. Prints figures; judges nothing.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

PAIRS = 15
AIM_MS = 25
THOUGHT_SECONDS = 0.3  # a model's answer takes longer
PYTHON = "/opt/candidate/bin/python"
SCRIPT = """
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
import lightgbm
import xgboost
import time
print(time.monotonic_ns())
"""
HARDENED = (
    "--network=none --read-only --cap-drop=ALL --cap-add=SETUID --cap-add=SETGID --init --memory=4g --pids-limit=512 "
    "--security-opt=no-new-privileges:true --tmpfs=/tmp:mode=1777 --volume=/home"
)


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    measured = _measured()
    warm, plain, whole = (statistics.median(measured[name]) for name in ("warm", "plain", "whole"))
    say(f"first own line, warm:         {warm:7.1f} ms (at most {AIM_MS}), median of {PAIRS}")
    say(f"first own line, plain python: {plain:7.1f} ms; warm / plain {warm / plain:.4f}")
    say(f"an empty script, asked to reported, slot wiped: {whole:.1f} ms")


def _measured() -> dict[str, list[float]]:
    """Run this file as the agent of one hardened container; what it measured, in milliseconds."""
    from harness import config
    from harness.images import ensure_image

    image = ensure_image("cpu", config.load(os.environ), lambda line: None)
    here = Path(__file__).resolve()
    command = ["docker", "run", "--rm", f"--name=podium-perf-{uuid.uuid4().hex[:12]}", *HARDENED.split()]
    command += [f"--volume={here}:/opt/warmstart.py:ro", image.tag]
    command += ["--", "/opt/agent/bin/python", "-I", "/opt/warmstart.py", "inside"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the container ended with {done.returncode}: {done.stderr[-2000:]}")
    measured: dict[str, list[float]] = json.loads(done.stdout)
    return measured


def inside() -> None:
    """Measure as the agent does: by its own interpreter, and by a subprocess."""
    from agent.contract import CandidateLimits
    from agent.interpreter import slots

    (interpreter,) = slots(os.environ)
    node = Path("/home/agent/nodes/perf")
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    limits = CandidateLimits(120, 2**32, 10_000, 2**30, cpus)
    while not interpreter.run("pass", node, limits).warm_start:
        time.sleep(0.1)
    measured: dict[str, list[float]] = {"warm": [], "plain": [], "whole": []}
    for _ in range(PAIRS):
        time.sleep(THOUGHT_SECONDS)
        began = time.monotonic_ns()
        execution = interpreter.run(SCRIPT, node, limits)
        assert execution.warm_start, execution
        measured["warm"].append((int(execution.output) - began) / 1e6)
        began = time.monotonic_ns()
        output = subprocess.run([PYTHON, "-c", SCRIPT], capture_output=True, check=True).stdout
        measured["plain"].append((int(output) - began) / 1e6)
        time.sleep(THOUGHT_SECONDS)
        began = time.monotonic_ns()
        interpreter.run("pass", node, limits)
        measured["whole"].append((time.monotonic_ns() - began) / 1e6)
    sys.stdout.write(json.dumps(measured))


if __name__ == "__main__":
    inside() if sys.argv[1:] == ["inside"] else main()
