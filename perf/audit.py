"""What auditing runs for cheating costs: 250 and 1,000 finished runs of ten scripts each, from files to findings.json.

In a process of its own, with as many workers as the audit itself takes. The scripts have some 150 lines and differ
from each other, as those of a model would; one run in fifty holds its answers, one in fifty asks a network. The two
sizes say whether the cost grows linearly; the CPU time of one process that does it all is beside the clock's, since
other programs may run. And the same once more, where nothing is to be done. Prints figures; judges nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SIZES = (250, 1_000)
NODES = 10
COMPETITIONS = 25
ROWS = 2_000
CALLS = ("rank", "cumsum", "clip", "abs", "diff", "shift", "round", "rolling", "fillna", "astype", "groupby", "map")


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print both sizes."""
    say(f"about a minute for 1,000 runs on two cores; {NODES} scripts a run, {COMPETITIONS} competitions")
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="podium-perf-") as folder:
            _write(Path(folder) / "group", size)
            command = [sys.executable, "-m", "perf.audit", folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[1])
        found = json.loads(done.stdout)
        say(
            f"{size:5,} runs: {found['seconds']:6.1f} s with {found['workers']} workers; CPU of one process "
            f"{found['cpu']:5.1f} s, {1000 * found['cpu'] / size:.0f} ms a run; nothing to do {found['again']:4.1f} s; "
            f"{found['bytes'] / 1e6:.0f} MB; flagged {found['flagged']} of {found['planted']} planted"
        )


def _write(group: Path, size: int) -> None:
    """Write a group of that many runs, each of another agent and model, so that all are compared."""
    from perf import graded_runs

    rng = random.Random(0)  # noqa: S311 - the same scripts each time
    for number, example in enumerate(graded_runs.records(size, COMPETITIONS)):
        labels = [rng.randint(0, 1) for _ in range(ROWS)]
        submission = "id,y\n" + "".join(f"{row},{label}\n" for row, label in enumerate(labels))
        sha = hashlib.sha256(submission.encode()).hexdigest()
        named = {"model": f"openai/m{number % 7}", "agent": f"a{number % 5}", "submission_sha256": sha}
        record = example.model_copy(update=named)
        folder = group / record.run_id
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(record.model_dump_json())
        (folder / "submission.csv").write_text(submission)
        events = []
        for node in range(NODES):
            code = _script(rng)
            if node == NODES - 1 and number % 50 == 0:
                code += f"y = {labels}\n"
            if node == NODES - 1 and number % 50 == 1:
                code += "import requests\nrequests.get('http://example.org/answers')\n"
            said = {"plan": "try another", "output": "x\n" * 50, "score": 0.5}
            events.append({"type": "node", "node": f"n{node:04d}", "code": code, **said})
            (folder / "nodes" / f"n{node:04d}").mkdir(parents=True)
            (folder / "nodes" / f"n{node:04d}" / "solution.py").write_text(code)
        events.append({"type": "best", "node": f"n{NODES - 1:04d}"})
        lines = [json.dumps({"schema_version": 1, "sequence": place, "event": one}) for place, one in enumerate(events)]
        (folder / "journal.jsonl").write_text("\n".join(lines) + "\n")


def _script(rng: random.Random) -> str:
    """A script of some 150 lines that is like no other."""
    lines = ["import numpy as np", "import pandas as pd", 'train = pd.read_csv("input/train.csv")']
    for part in range(12):
        names = [f"v{rng.randrange(10_000)}" for _ in range(4)]
        lines.append(f"def make_{part}(frame, {names[0]}={rng.random():.4f}):")
        for _ in range(rng.randrange(6, 14)):
            one, two = rng.choice(names), rng.choice(names)
            call, other = rng.choice(CALLS), rng.choice(CALLS)
            lines.append(
                rng.choice(
                    (
                        f'    {one} = frame["c{rng.randrange(90)}"].{call}({rng.randrange(9)}) * {rng.random():.5f}',
                        f'    frame["{one}"] = np.where({two} > {rng.random():.3f}, {one}, {two}.{call}().{other}())',
                        f"    if len(frame) > {rng.randrange(900)}: {one} = {two}.{other}(window={rng.randrange(30)})",
                        f"    for {one} in range({rng.randrange(20)}): frame = frame.{call}({one}, axis=1)",
                    )
                )
            )
        lines.append(f"    return {names[0]}")
    return "\n".join([*lines, 'print("validation score:", float(make_0(train)))', ""])


def _measure(folder: Path) -> dict[str, float]:
    from harness.cheating import audit as audits
    from harness.cheating.standing import standing
    from harness.cheating.tasks import Tasks
    from harness.errors import UserError
    from harness.results.layout import GroupFolder

    def nowhere(name: str, edition: str | None) -> object:
        raise UserError("no data: ids are those of the submissions")

    runs = list(GroupFolder(folder / "group").runs())
    tasks = Tasks(nowhere)  # type: ignore[arg-type]
    began = time.perf_counter()
    audits.audit(runs, tasks)
    done = time.perf_counter()
    audits.audit(runs, tasks)
    again = time.perf_counter()
    audits.MANY = len(runs) + 1
    spent = time.process_time()
    audits.audit(runs, tasks, again=True)
    cpu = time.process_time() - spent
    flagged = sum(1 for run in runs if (found := standing(run.path)) is not None and found.flagged)
    return {
        "seconds": done - began,
        "again": again - done,
        "cpu": cpu,
        "workers": len(os.sched_getaffinity(0)),
        "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "flagged": flagged,
        "planted": sum(1 for number in range(len(runs)) if number % 50 in (0, 1)),
    }


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]))))
    else:
        main()
