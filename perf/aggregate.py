"""What adding up a large group costs: 10,000 and 100,000 graded runs, from their files to `summary.json`.

In a process of its own: reading every run's files into rows, the rates over the rows, writing the summary, and the
highest resident set. The runs are small (a record, a grade, a journal of three nodes), 75 competitions by as many
seeds, on whatever disk the temporary folder is. The two sizes say whether the costs grow linearly. Prints figures;
judges nothing.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SIZES = (10_000, 100_000)
COMPETITIONS = 75


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print both sizes."""
    say(f"reading and rates at most 5 s and 500 MB; runs of {COMPETITIONS} competitions, three files each")
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="podium-perf-") as folder:
            _write(Path(folder) / "group", size)
            os.sync()  # what is measured is reading them, not how the disk takes 300,000 new files
            command = [sys.executable, "-m", "perf.aggregate", folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[1])
        found = json.loads(done.stdout)
        say(
            f"{size:7,} runs: reading files {found['read']:6.2f} s   rates {found['rates']:5.2f} s   "
            f"summary.json {found['write']:5.2f} s   memory {found['bytes'] / 1e6:4.0f} MB"
        )


def _write(group: Path, size: int) -> None:
    """Write a group of that many runs."""
    from harness.grading.grade import GradeReport, Thresholds
    from harness.grading.leaderboard import Medal
    from harness.results.record import RunRecord

    medals = [*Medal]
    event = {"type": "node", "node": "0", "buggy": False, "score": 0.5, "seconds": {"model": 1.0, "execute": 2.0}}
    journal = "".join(json.dumps({"schema_version": 1, "sequence": n, "event": event}) + "\n" for n in range(3))
    for number in range(size):
        name, seed = f"competition-{number % COMPETITIONS:02d}", number // COMPETITIONS
        record = _record(name, seed)
        folder = group / str(record["run_id"])
        folder.mkdir(parents=True)
        valid = number % 7 > 0
        grade = GradeReport(
            competition=name,
            edition="mle-bench-v1",
            stand_in=False,
            data_source="kaggle",
            data_fingerprint="0" * 64,
            metric="accuracy",
            direction="maximize",
            submission_exists=True,
            valid=valid,
            reason=None if valid else "row 3: no such id",
            score=0.5 if valid else None,
            medal=medals[number % 4] if valid else None,
            above_median=number % 2 == 0 if valid else None,
            percentile=number % 101 if valid else None,
            exceeds_percent=number % 101 if valid else None,
            percentile_note=None,
            thresholds=Thresholds(gold=0.9, silver=0.8, bronze=0.7, median=0.6),
            teams=1000,
        )
        (folder / "run.json").write_text(RunRecord.model_validate(record).model_dump_json(indent=2))
        (folder / "grade.json").write_text(grade.to_json())
        (folder / "journal.jsonl").write_text(journal)


def _record(competition: str, seed: int) -> dict[str, object]:
    model = {"name": "offline", "api": "chat"}
    run_id = f"{competition}--aide--s{seed}"
    request = {
        "run_id": run_id,
        "competition": {"id": competition, "title": competition, "metric": "accuracy", "direction": "maximize"},
        "search": {"steps": 20, "num_drafts": 5, "debug_prob": 0.5, "max_debug_depth": 3, "k_fold": 5},
        "code_model": model,
        "review_model": model,
        "seed": seed,
        "deadline_seconds": 3600,
        "candidate": {"timeout_seconds": 600, "memory_bytes": 1, "output_bytes": 1, "file_bytes": 1, "cpus": [0, 1]},
        "prompt_set": "aide",
    }
    return {
        "schema_version": 1,
        "run_id": run_id,
        "group": "group",
        "competition": competition,
        "agent": "aide",
        "model": "offline",
        "seed": seed,
        "status": "completed",
        "owner": "host/boot/1/1",
        "created_at": "2026-01-01T00:00:00.000+00:00",
        "ended_at": "2026-01-01T01:00:00.000+00:00",
        "podium_version": "0",
        "plan_sha256": "0" * 64,
        "data": {"edition": "mle-bench-v1", "source": "kaggle", "stand_in": False, "data_sha256": "0" * 64},
        "request": request,
        "prompt_set": "aide",
        "prompt_set_sha256": "0" * 64,
        "image": "sha256:0",
        "image_tag": "podium",
        "sandbox": {"memory_bytes": 1 << 34, "cpus": 2.0, "pids": 1024, "workspace_limit": "loop"},
        "wall_seconds": 3600.0,
        "tree": {
            "steps": 3,
            "good_nodes": 3,
            "validation_score": 0.5,
            "phase_seconds": {"model": 3.0, "execute": 6.0, "check": 0.0, "review": 0.0, "overhead": 0.0},
        },
    }


def _measure(folder: Path) -> dict[str, float]:
    from harness.rates.aggregate import summarise, write
    from harness.results.layout import GroupFolder
    from harness.results.rows import rows_of

    group = GroupFolder(folder / "group")
    suites = {"all": frozenset(f"competition-{number:02d}" for number in range(COMPETITIONS))}
    suites["first"] = frozenset(sorted(suites["all"])[:22])
    began = time.perf_counter()
    rows = rows_of(group)
    read = time.perf_counter()
    summary = summarise(group.name, rows, suites)
    rates = time.perf_counter()
    write(group, summary)
    ended = time.perf_counter()
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"read": read - began, "rates": rates - read, "write": ended - rates, "bytes": highest}


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]))))
    else:
        main()
