"""Whole scripts, warm started and as plain `python solution.py`, in one container: what a warm start is worth.

Two sets: the 20 scripts that the offline coder writes with seed 0 on the bundled binary competition, where imports are
most of the time, and one script that trains for some seconds, where they are not. Warm and plain alternate. The same
file is the driver inside the container, in the agent's place.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

COMPETITION = "breast-cancer-wisconsin"
SCRIPTS = 20
TRAINING_PAIRS = 5
PYTHON = "/opt/candidate/bin/python"
TRAINING = """
import pandas, lightgbm, xgboost
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier
X, y = make_classification(12000, 24, n_informative=12, random_state=0)
model = GradientBoostingClassifier(n_estimators=60, random_state=0).fit(X, y)
print("validation score:", model.score(X, y))
"""


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    from perf.box import inside as measure

    with tempfile.TemporaryDirectory() as folder:
        scripts = Path(folder, "scripts.json")
        scripts.write_text(json.dumps(_written(Path(folder, "results"))))
        scripts.chmod(0o644)
        measured = measure(__file__, {scripts: "/opt/scripts.json", _data(): "/home/data"}, seconds=1800)
    warm, plain = sum(measured["warm"]), sum(measured["plain"])
    say(f"{len(measured['warm'])} scripts of the offline coder: warm {warm:.1f} s, plain {plain:.1f} s, ")
    say(f"    warm / plain {warm / plain:.2f} (at most 0.35)")
    ratios = [a / b for a, b in zip(measured["warm training"], measured["plain training"], strict=True)]
    say(
        f"a script that trains {statistics.median(measured['plain training']):.1f} s: "
        f"warm / plain {statistics.median(ratios):.3f} (at most 1.03), median of {TRAINING_PAIRS} pairs"
    )


def _written(results: Path) -> list[str]:
    """The scripts of a real run, which also prepares the data and builds the image."""
    flags = ["--steps", str(SCRIPTS), "--seed", "0", "--group", "scripts"]
    subprocess.run(
        [sys.executable, "-m", "harness", "bench", COMPETITION, *flags],
        check=True,
        capture_output=True,
        env={**os.environ, "PODIUM_RESULTS": str(results)},
    )
    (journal,) = (results / "scripts").glob("*/journal.jsonl")
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    return [event["code"] for event in events if event["type"] == "node"]


def _data() -> Path:
    from harness import config

    return config.load(os.environ).data / COMPETITION / "public"


def inside() -> None:
    """Measure as the agent does: by its own interpreter, and by a subprocess."""
    from agent.contract import CandidateLimits
    from agent.interpreter import slots

    (interpreter,) = slots(os.environ)
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    limits = CandidateLimits(600, 3 * 2**30, 100_000, 2**30, cpus)
    while not interpreter.run("pass", Path("/home/agent/nodes/wait"), limits).warm_start:
        time.sleep(0.1)

    def warm(code: str) -> float:
        began = time.monotonic()
        execution = interpreter.run(code, Path("/home/agent/nodes/warm"), limits)
        assert execution.outcome == "ok", execution.output
        return time.monotonic() - began

    measured: dict[str, list[float]] = {"warm": [], "plain": [], "warm training": [], "plain training": []}
    for code in json.loads(Path("/opt/scripts.json").read_text()):
        measured["warm"].append(warm(code))
        measured["plain"].append(_plain(code, cpus))
    for _ in range(TRAINING_PAIRS):
        measured["warm training"].append(warm(TRAINING))
        measured["plain training"].append(_plain(TRAINING, cpus))
    sys.stdout.write(json.dumps(measured))


def _plain(code: str, cpus: tuple[int, ...]) -> float:
    """`python solution.py` in a folder of its own, with as many threads as a warm one has."""
    folder = Path("/home/agent/plain")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "working").mkdir(parents=True)
    (folder / "input").symlink_to("/home/data")
    (folder / "solution.py").write_text(code)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(len(cpus)))
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **threads}
    began = time.monotonic()
    subprocess.run([PYTHON, "solution.py"], cwd=folder, env=environ, check=True, capture_output=True)
    return time.monotonic() - began


if __name__ == "__main__":
    inside() if sys.argv[1:] == ["inside"] else main()
