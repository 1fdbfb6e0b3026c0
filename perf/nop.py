"""How many runs a second a core: a group of runs whose agent does nothing, from container start to grade.

The whole command is counted, so the group's own start, sums and reports are in it, spread over its runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

COMPETITION = "breast-cancer-wisconsin"
RUNS = 40
AIM = 1.0  # runs a second a core


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print. Data and image are made ready first, so that neither is measured."""
    cores = len(os.sched_getaffinity(0))
    _group(runs=1, jobs=1)
    alone, together = _group(runs=5, jobs=1) / 5, _group(RUNS, cores)
    say(f"one after another: {alone:.2f} s a run; {cores} at a time: {RUNS / together:.2f} runs a second,")
    say(f"    {RUNS / together / cores:.2f} a second a core (at least {AIM:.0f}), {RUNS} runs in {together:.1f} s")


def _group(runs: int, jobs: int) -> float:
    """Seconds of one command with so many runs; none of them has a submission, so it ends with 4."""
    with tempfile.TemporaryDirectory(prefix="podium-nop-") as folder:
        flags = ["--agent", "nop", "--seeds", str(runs), "--jobs", str(jobs), "--memory", "0.5", "--disk", "0.1"]
        command = [sys.executable, "-m", "harness", "bench", COMPETITION, "--group", "nop", *flags]
        began = time.monotonic()
        done = subprocess.run(
            command, env={**os.environ, "PODIUM_RESULTS": folder}, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - began
    if done.returncode != 4 or done.stdout.count("completed") != runs:
        raise RuntimeError(f"podium bench ended with {done.returncode}: {done.stderr[-1500:]}")
    return seconds
