"""Two workers against one: the wall time of whole runs of 20 steps with the offline coder, in real containers.

Both have the same two CPUs: one worker's scripts may use both, two workers' scripts one each. What two gain is the
time in which one core waits: single-threaded parts of scripts, starts, checks, prompts. Runs alternate, so that the
machine's mood hits both alike; the fastest of each counts. The trees differ, since the second worker proposes before it
knows of the first one's node; so whole runs are compared, not nodes. Prints figures; judges nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = 20
PAIRS = 2
COMPETITION = "breast-cancer-wisconsin"


def main() -> None:
    """Print seconds of each run, and their ratio."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory(prefix="podium-perf-") as name:
        for pair in range(PAIRS):
            for workers in (1, 2):
                seconds[workers].append(_run(Path(name) / f"{workers}-{pair}", workers))
    one, two = min(seconds[1]), min(seconds[2])
    for workers, found in seconds.items():
        _say(f"   {workers} at a time: {', '.join(f'{each:.1f}' for each in found)} s for {STEPS} steps")
    _say(f"   two against one: {two / one:.2f} of the wall time (noise between like runs: {_spread(seconds):.2f})")


def _run(results: Path, workers: int) -> float:
    """Seconds from the container's start to its end."""
    command = [sys.executable, "-m", "harness", "run", COMPETITION, "--steps", str(STEPS), "--workers", str(workers)]
    command += ["--cpus", "2", "--memory", "4", "--disk", "1", "--group", "g"]
    environ = {**os.environ, "PODIUM_RESULTS": str(results)}
    subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    (record,) = results.glob("g/*/run.json")
    found = json.loads(record.read_text())
    if found["status"] != "completed":
        raise RuntimeError(f"a run with {workers} workers ended as {found['status']}: {found['reason']}")
    return float(found["wall_seconds"])


def _spread(seconds: dict[int, list[float]]) -> float:
    return max(max(found) / min(found) for found in seconds.values())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
