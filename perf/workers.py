"""Two workers against one: the loop where everything only waits, and whole runs of 20 steps in real containers.

Where model and scripts only wait, the ratio is the loop's own: how well it keeps everybody busy. In whole runs, with
the offline coder, both have the same two CPUs: one worker's scripts may use both, two workers' scripts one each, so
what two gain is the time in which one core waits (single-threaded parts of scripts, starts, checks, prompts). Runs
alternate, so that the machine's mood hits both alike; the fastest of each counts. The trees differ, since the second
worker proposes before it knows of the first one's node; so whole runs are compared, not nodes. Prints figures; judges
nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from agent.agent import Agent
from agent.interpreter import Execution
from agent.journal import Journal
from agent.llm.base import Request
from agent.promptset import SHIPPED, PromptSet
from agent.scripted import MemoryGateway, ScriptedInterpreter, ScriptedLLM
from agent.search import policy_for
from agent.workspace import Workspace
from perf.overhead import usual_answers, usual_executions, usual_request, usual_review, usual_task

STEPS = 20
PAIRS = 2
COMPETITION = "breast-cancer-wisconsin"
MODEL_SECONDS, SCRIPT_SECONDS = 0.2, 0.3


def main() -> None:
    """Print seconds of each run, and their ratios."""
    with tempfile.TemporaryDirectory(prefix="podium-perf-") as name:
        waited = {workers: _waiting(Path(name) / str(workers), workers) for workers in (1, 2, 4)}
    shown = ", ".join(f"{workers}: {seconds:.2f} s" for workers, seconds in waited.items())
    _say(f"   waiting {MODEL_SECONDS} s for the model and {SCRIPT_SECONDS} s for the script, {STEPS} steps: {shown}")
    _say(f"   two against one: {waited[2] / waited[1]:.2f} of the wall time; four: {waited[4] / waited[1]:.2f}")
    _whole_runs()


def _waiting(folder: Path, workers: int) -> float:
    """Seconds of a run in which nothing is computed."""
    folder.mkdir()
    request = usual_request()
    request = replace(request, workers=workers, search=replace(request.search, steps=STEPS))
    answers, outcome_of = usual_answers(), usual_executions(folder)

    def answer(request: Request) -> str:
        with lock:
            found = next(answers)
        time.sleep(MODEL_SECONDS)
        return found

    def execution(code: str) -> Execution:
        time.sleep(SCRIPT_SECONDS)
        return outcome_of(code)

    lock = threading.Lock()
    agent = Agent(
        request=request,
        task=usual_task(request),
        policy=policy_for(request.search),
        prompts=PromptSet.load(SHIPPED / "aide"),
        coder=ScriptedLLM(answer),
        reviewer=ScriptedLLM(usual_review),
        interpreters=[ScriptedInterpreter(execution) for _ in range(workers)],
        gateway=MemoryGateway(),
        workspace=Workspace(folder / "nodes", folder / "submission" / "submission.csv"),
        journal=Journal("maximize"),
    )
    began = time.monotonic()
    agent.run()
    return time.monotonic() - began


def _whole_runs() -> None:
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
