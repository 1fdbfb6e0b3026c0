"""What was run already: one line a cell, appended as it is finished, so a study that is stopped goes on where it was.

The file is named by a hash over the code that decides the outcomes; with other code everything is run anew.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from study.outcome import Outcome

ROOT = Path(__file__).resolve().parents[1]
Key = tuple[str | float | int, ...]
Runs = dict[Key, list[Outcome]]


def code_hash(*names: str) -> str:
    """Return a hash over sources and templates of the checkout: files, and all below folders."""
    digest = hashlib.sha256()
    for name in names:
        place = ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".py", ".md", ".toml") and path.is_file():
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


class Cells:
    """Finished cells of one part of the study."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.runs: Runs = {}
        if file.exists():
            for line in file.read_text().splitlines():
                self._take(line)

    def add(self, key: Key, run: Sequence[Outcome]) -> None:
        """Keep a cell."""
        self.runs[key] = list(run)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write(json.dumps({"key": key, "run": run}) + "\n")

    def _take(self, line: str) -> None:
        try:
            cell = json.loads(line)
        except ValueError:  # cut off by a kill
            return
        self.runs[tuple(cell["key"])] = [_outcome(*one) for one in cell["run"]]


def _outcome(step: int, action: str, parents: Sequence[str], *scores: float | None) -> Outcome:
    return Outcome(step, action, tuple(parents), *scores)


Job = Callable[[], list[tuple[Key, list[Outcome]]]]


def run_all(cells: Cells, jobs: Iterable[tuple[Sequence[Key], Job]], say: Callable[[str], None]) -> None:
    """Run the jobs that have a cell to fill, one a CPU; a job returns several cells."""
    wanted = [job for keys, job in jobs if any(key not in cells.runs for key in keys)]
    if not wanted:
        return
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for done, finished in enumerate(as_completed([pool.submit(job) for job in wanted]), 1):
            for key, run in finished.result():
                cells.add(key, run)
            if done % max(1, len(wanted) // 20) == 0:
                say(f"{done} of {len(wanted)} jobs")
