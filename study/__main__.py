"""`python -m study [simulated] [offline]`: run what is missing, print tables, and write the page.

`--quick` (or QUICK=1) is a small version of both, for seeing that it works. `--page FOLDER` writes study.md and its
pictures there. With PODIUM_TEST_DATA, spaceship-titanic's real data are studied too.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path

from study import offline_runs, page, simulation
from study.cells import ROOT, Cells, code_hash

PARTS = ("simulated", "offline")


def main(arguments: list[str]) -> int:
    """Run the parts that were asked for, all by default."""
    from harness.config import load
    from harness.specs import competition as competitions

    options = _parser().parse_args(arguments)
    quick = options.quick or os.environ.get("QUICK") == "1"
    home = load(os.environ).home / "study"
    simulated = offline = None
    if "simulated" in options.parts:
        cells = Cells(home / f"simulated-{code_hash(*simulation.CODE)}.jsonl")
        plan = simulation.QUICK if quick else simulation.Plan()
        plan = dataclasses.replace(plan, steps=tuple(options.steps)) if options.steps else plan
        simulated = simulation.Found(cells, plan)
        _say(f"simulated landscapes; cells in {cells.file}")
        simulated.run(_say)
    if "offline" in options.parts:
        cells = Cells(home / f"offline-{code_hash(*offline_runs.CODE)}.jsonl")
        real = os.environ.get("PODIUM_TEST_DATA")
        names = [item.id for item in competitions.in_suite(competitions.load_all(ROOT / "competitions"), "bundled")]
        asked = offline_runs.QUICK if quick else offline_runs.Plan(real=Path(real) if real else None)
        names += ["spaceship-titanic"] if asked.real else []
        offline = offline_runs.Found(cells, asked, tuple(names), home)
        _say(f"the offline coder on {', '.join(offline.competitions)}; cells in {cells.file}")
        offline.run(_say)
    written = page.Page(simulated, offline)
    sys.stdout.write(written.text())
    if options.page:
        written.write(options.page)
        _say(f"{options.page / page.NAME}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m study", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), default=list(PARTS), metavar="PART")
    parser.add_argument("--quick", action="store_true", help="a small version, for seeing that it works")
    parser.add_argument("--steps", type=int, nargs="+", metavar="N", help="lengths of the simulated runs [default: 20]")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="write study.md and its pictures there")
    return parser


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
