"""How long a run may take: good enough to start the longest first, so that a group doesn't end with one run alone.

By earlier runs of the competition in the results folder: seconds a step (the median), times the steps that are asked
for; those of the same agent and model where there are any, else of the same agent, else of any. Where it was never run:
a step is taken to read the public data a few times over and to wait a minute for its model. Never more than the time
limit.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.errors import UserError
from harness.results.layout import Results

if TYPE_CHECKING:
    from harness.results.record import RunRecord
    from harness.runs.plan import RunPlan

MOST_GROUPS = 30  # the newest; of a competition's runs as many as
MOST_RUNS = 30
MODEL_SECONDS = 60.0  # a step, of an online model
BYTES_A_SECOND = 2e6  # of public data, through a whole script: reading, features, cross-validation


class Known(NamedTuple):
    """A run that ended."""

    agent: str
    model: str
    step_seconds: float


class Estimates:
    """Estimates runs; reads the records of a competition once."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._known: dict[str, list[Known]] = {}
        self._newest: list[Path] | None = None

    def seconds(self, plan: RunPlan) -> float:
        """How long the run may take."""
        return min(plan.wall_seconds, plan.steps * self._step(plan))

    def _step(self, plan: RunPlan) -> float:
        known = self._of(plan.competition.id)
        classes: tuple[Callable[[Known], bool], ...] = (
            lambda run: (run.agent, run.model) == (plan.preset.name, plan.model),
            lambda run: run.agent == plan.preset.name,
            lambda run: True,
        )
        for belongs in classes:
            if found := [run.step_seconds for run in known if belongs(run)]:
                return statistics.median(found)
        return min(plan.candidate_timeout_seconds, _public_bytes(plan) / BYTES_A_SECOND) + MODEL_SECONDS

    def _of(self, competition: str) -> list[Known]:
        if competition not in self._known:
            self._known[competition] = self._read(competition)
        return self._known[competition]

    def _read(self, competition: str) -> list[Known]:
        if self._newest is None:
            groups = [path for path in self._results.glob("*") if path.is_dir()]
            self._newest = sorted(groups, key=lambda path: -path.stat().st_mtime)[:MOST_GROUPS]
        found: list[Known] = []
        for path in self._newest:
            for folder in Results(self._results).group(path.name).path.glob(f"{competition}--*"):
                if len(found) >= MOST_RUNS:
                    return found
                found += _known_of(folder)
        return found


def _known_of(folder: Path) -> list[Known]:
    from harness.results.layout import RunFolder

    try:
        record = RunFolder(folder).read()
    except UserError:  # of another version
        return []
    return [] if record is None or not record.status.is_outcome else _steps_of(record)


def _steps_of(record: RunRecord) -> list[Known]:
    seconds = record.wall_seconds if record.working_seconds is None else record.working_seconds
    steps = record.tree.steps if record.tree else 0
    return [Known(record.agent, record.model, seconds / steps)] if seconds and steps else []


def _public_bytes(plan: RunPlan) -> int:
    manifest = plan.prepared.manifest
    kept = {**{name: file.bytes for name, file in manifest.files.items()}, **_folders(plan)}
    return sum(size for name, size in kept.items() if name.startswith("public/"))


def _folders(plan: RunPlan) -> dict[str, int]:
    return {name: folder.bytes for name, folder in plan.prepared.manifest.folders.items()}
