"""How long a person waits: `podium --help`, and from `podium bench` to the first candidate running."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

PODIUM = [sys.executable, "-m", "harness"]
HELP_RUNS = 11
BENCH_RUNS = 3


def help_seconds() -> float:
    """Median of `podium --help`, whole process."""
    taken = []
    for _ in range(HELP_RUNS):
        began = time.monotonic()
        subprocess.run([*PODIUM, "--help"], check=True, capture_output=True)
        taken.append(time.monotonic() - began)
    return statistics.median(taken)


def first_candidate_seconds(results: Path, number: int) -> float:
    """From starting `podium bench` to the first candidate's start, by the journal's own times."""
    group = f"startup-{number}"
    began = time.time()
    subprocess.run(
        [*PODIUM, "bench", "spaceship-titanic", "--steps", "1", "--group", group],
        check=True,
        capture_output=True,
        env={**os.environ, "PODIUM_RESULTS": str(results)},
    )
    journal = next((results / group).glob("*/journal.jsonl"))
    for line in journal.read_text().splitlines():
        stored = json.loads(line)
        if stored["event"]["type"] == "node":
            seconds = stored["event"]["seconds"]
            after = sum(seconds.get(phase, 0.0) for phase in ("execute", "check", "review"))
            return datetime.fromisoformat(str(stored["received_at"])).timestamp() - float(after) - began
    raise RuntimeError(f"{journal} holds no finished node")


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print. Data are prepared and the image is built first, so that neither is measured."""
    say(f"podium --help:                 {help_seconds():.2f} s (at most 0.4), median of {HELP_RUNS}")
    with tempfile.TemporaryDirectory() as folder:
        first_candidate_seconds(Path(folder), 0)
        taken = [first_candidate_seconds(Path(folder), number + 1) for number in range(BENCH_RUNS)]
    say(f"podium bench, first candidate: {statistics.median(taken):.2f} s (at most 5), median of {BENCH_RUNS}")


if __name__ == "__main__":
    main()
