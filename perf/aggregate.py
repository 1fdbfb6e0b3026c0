"""What adding up a large group costs: 10,000 and 100,000 graded runs, from their files to `summary.json`.

Each figure is of a process of its own, and of what `podium aggregate` does: nothing is kept from one time to the next,
but what the kernel holds of the files, which were just written. Runs are as `podium bench` leaves them (`graded_runs`),
of 75 competitions. Beside the clock stands the processor time of all processes, which a busy machine disturbs less; the
memory is the most of all processes at a time, from their largest resident sets. The two sizes say whether the costs
grow linearly. Prints figures; judges nothing.
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

from perf import graded_runs

SIZES = (10_000, 100_000)
STAGES = ("read", "all")


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print both sizes."""
    files = ", ".join(f"{path.name} {path.stat().st_size / 1000:.1f} kB" for path in graded_runs.files())
    say(f"at most 5 s and 500 MB for 100,000; runs of {graded_runs.COMPETITIONS} competitions: {files}")
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="podium-perf-") as folder:
            graded_runs.write(Path(folder) / "group", size)
            os.sync()  # what is measured is reading them, not how the disk takes 400,000 new files
            found = {stage: _in_a_process(folder, stage) for stage in STAGES}
        read, all_ = found["read"], found["all"]
        largest = max(read["bytes"] + read["beside_bytes"], all_["bytes"])  # when rates begin the readers are gone
        say(
            f"{size:7,} runs: {all_['seconds']:5.2f} s (processor {all_['processor']:5.2f} s), of which reading files "
            f"{read['seconds']:5.2f} s (processor {read['processor']:5.2f} s); memory {largest / 1e6:4.0f} MB"
        )


def _in_a_process(folder: str, stage: str) -> dict[str, float]:
    command = [sys.executable, "-m", "perf.aggregate", folder, stage]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[1])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _measure(folder: Path, stage: str) -> dict[str, float]:
    from harness.rates.aggregate import aggregate
    from harness.results import rows
    from harness.results.layout import GroupFolder

    group = GroupFolder(folder / "group")
    suites = {"all": frozenset(graded_runs.competition(number) for number in range(graded_runs.COMPETITIONS))}
    suites["first"] = frozenset(sorted(suites["all"])[:22])
    before, began = _processor_seconds(), time.perf_counter()
    if stage == "read":
        rows.rows_of(group)
    else:
        aggregate(group, suites)
    seconds = time.perf_counter() - began
    own, reader = (resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    readers = rows.processes_for(len(group.names()))
    beside = readers * reader if readers > 1 else 0
    return {"seconds": seconds, "processor": _processor_seconds() - before, "bytes": own, "beside_bytes": beside}


def _processor_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        sys.stdout.write(json.dumps(_measure(Path(sys.argv[1]), sys.argv[2])))
    else:
        main()
