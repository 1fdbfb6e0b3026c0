"""`python -m perf [NAME]…`: every benchmark, or the named ones, each printing its figures beside the aim."""

from __future__ import annotations

import importlib
import sys
import time

BENCHMARKS = {
    "startup": "from the command to the first candidate, and podium --help",
    "warmstart": "a candidate's first own line, warm and plain",
    "scripts": "whole scripts, warm and plain",
    "overhead": "our own time a step, at step 20 and at step 500",
    "workers": "two candidates at a time against one, whole runs",
    "offline_coverage": "stand-ins that the offline coder ends with a valid submission",
    "standins": "every MLE-bench stand-in, raw to graded",
    "prepare": "preparing a million rows beside plain pandas",
    "grade": "grading a million rows beside reading them, and its memory",
    "aggregate": "adding up 100,000 graded runs, its time and memory",
    "audit": "looking over 1,000 runs for cheating, its time and memory",
    "validation": "what is chosen by the scripts' own word, and by held-back rows",
    "versus": "the published aideml: time, tokens and image with the same replies",
    "nop": "runs a second a core, when the agent does nothing",
    "queue": "memory and time of 1,000 queued runs, without their containers",
    "sampling": "what watching a run's resources costs, as a share of a core",
    "view": "pages of podium view, of a run of 2,000 nodes and a group of 5,000 runs",
    "gateway": "time added a call, calls a second, memory of slow streams",
}


def main(names: list[str]) -> int:
    """Run the benchmarks in order; a name that does not exist ends with 2."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}\n")
        return 2
    for name in names or BENCHMARKS:
        print(f"== {name}: {BENCHMARKS[name]}", flush=True)  # noqa: T201 - printing is what it is for
        began = time.monotonic()
        importlib.import_module(f"perf.{name}").main()
        print(f"   ({time.monotonic() - began:.0f} s)\n", flush=True)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
