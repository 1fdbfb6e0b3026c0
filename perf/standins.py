"""Every MLE-bench competition on its stand-in, from raw data to a grade, several at a time: does a whole suite fit CI?

Each is done as a user would have it done: stand-in written, prepared, and its sample submission graded, in the default
edition. `python -m perf standins` also lists the slowest, which is where time can be won.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

SUITE = "mle-bench"
AIM_SECONDS = 300
SHOWN = 5


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    from harness import config
    from harness.specs import catalogue

    items = [item.id for item in catalogue.of(config.load(os.environ)).in_suite(SUITE)]
    workers = len(os.sched_getaffinity(0))
    began = time.monotonic()
    with ProcessPoolExecutor(workers) as pool:
        taken = dict(zip(items, pool.map(from_raw_to_grade, items), strict=True))
    whole = time.monotonic() - began
    say(f"{len(items)} stand-ins, raw to graded: {whole:.0f} s with {workers} at a time (at most {AIM_SECONDS})")
    slowest = sorted(taken.items(), key=lambda pair: -pair[1])[:SHOWN]
    say("    the slowest: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in slowest))


def from_raw_to_grade(id: str) -> float:
    """Return the seconds that one competition takes; a sample submission that is not valid is an error."""
    from harness import config
    from harness.data.prepare import prepare
    from harness.grading.grade import grade
    from harness.specs import catalogue

    item = catalogue.of(config.load(os.environ)).load(id)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(item, data_home=Path(folder), stand_in=True)
        report = grade(item, prepared, prepared.sample)
    if not report.valid:
        raise RuntimeError(f"{id}: the sample submission is not valid: {report.reason}")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
