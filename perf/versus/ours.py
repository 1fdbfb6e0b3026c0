"""Podium's agent by its own command, in its container, with the same model behind its gateway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

COMPETITION = "spaceship-titanic"
PRICES = "fake: {input: 0.0, output: 0.0}\n"


class Taken(NamedTuple):
    """Seconds of one run: the whole command, and the run in it (door, container, steps, submission, removal).

    Also what the agent was asked, which packages it found, and the scores of its scripts.
    """

    command: float
    run: float
    request: str
    packages: dict[str, str]
    scores: tuple[float, ...]


def podium(*arguments: str, environ: dict[str, str] | None = None) -> None:
    """Run the command line; its output only matters when it fails."""
    command = [sys.executable, "-m", "harness", *arguments]
    done = subprocess.run(
        command, env={**os.environ, **(environ or {})}, capture_output=True, text=True, timeout=1800, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"podium {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-1500:]}")


def run(base_url: str, steps: int, workers: int, agent: str) -> Taken:
    """One run of so many steps; raise where a script of it is not good."""
    with tempfile.TemporaryDirectory(prefix="podium-versus-") as folder:
        prices = Path(folder, "prices.yaml")
        prices.write_text(PRICES)
        environ = {"PODIUM_RESULTS": f"{folder}/results", "PODIUM_BASE_URL": base_url, "PODIUM_PRICES": str(prices)}
        flags = ["--stand-in", "--model", "compatible/fake", "--agent", agent, "--group", "versus"]
        began = time.monotonic()
        podium("run", COMPETITION, *flags, "--steps", str(steps), "--workers", str(workers), environ=environ)
        seconds = time.monotonic() - began
        (run_folder,) = Path(folder, "results", "versus").glob("*/run.json")
        record = json.loads(run_folder.read_text())
        events = [json.loads(line)["event"] for line in run_folder.with_name("journal.jsonl").open()]
    scores = tuple(event["score"] for event in events if event["type"] == "node" and not event["buggy"])
    if len(scores) != steps:
        raise RuntimeError(f"of our {steps} scripts {len(scores)} are good; the figures would say nothing")
    (packages,) = (event["packages"] for event in events if event["type"] == "start")
    return Taken(seconds, record["wall_seconds"], json.dumps(record["request"]), packages, scores)
