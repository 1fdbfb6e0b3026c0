"""MLE-bench's grading reports: read as its own aggregation reads them, and written so that it accepts them.

A report is one JSON object with a list of `competition_reports`; one report a run group, one run group a seed.
`run_group_experiments.csv` beside the groups says which of them make an experiment. Seed k of a competition is its k-th
report, in the sorted order of paths. What is read here was written by others: fields that nobody here needs are let be.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.rates.rates import Cells

EXPERIMENTS = "run_group_experiments.csv"
REPORTS = "*grading_report*.json"
RATES = ("made_submission", "valid_submission", "above_median", "gold", "silver", "bronze", "any_medal")


class CompetitionReport(BaseModel):
    """What became of one run on one competition."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    competition_id: str
    score: float | None = None
    gold_threshold: float | None = None
    silver_threshold: float | None = None
    bronze_threshold: float | None = None
    median_threshold: float | None = None
    any_medal: bool = False
    gold_medal: bool = False
    silver_medal: bool = False
    bronze_medal: bool = False
    above_median: bool = False
    submission_exists: bool = False
    valid_submission: bool = False
    is_lower_better: bool = False
    created_at: str = ""
    submission_path: str = ""

    def happened(self, rate: str) -> bool:
        """Did it happen, by the rate's name? Any medal is one of the three, whatever the report's own field says."""
        return {
            "made_submission": self.submission_exists,
            "valid_submission": self.valid_submission,
            "above_median": self.above_median,
            "gold": self.gold_medal,
            "silver": self.silver_medal,
            "bronze": self.bronze_medal,
            "any_medal": self.gold_medal or self.silver_medal or self.bronze_medal,
        }[rate]


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore")
    competition_reports: tuple[CompetitionReport, ...]


class Experiment(NamedTuple):
    """The reports of one agent, in the order in which they count as seeds, and what was skipped on the way."""

    name: str
    reports: tuple[CompetitionReport, ...]
    skipped: tuple[str, ...] = ()


def read(path: Path) -> tuple[CompetitionReport, ...]:
    """Read one report, by competition; UserError says what does not fit."""
    try:
        report = _Report.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        found = error.errors()[0] if isinstance(error, ValidationError) else None
        why = f"{'.'.join(map(str, found['loc']))}: {found['msg']}" if found else str(error)
        raise UserError(f"{path} is not a grading report of MLE-bench: {why}") from error
    return tuple(sorted(report.competition_reports, key=lambda item: item.competition_id))


def experiments(folder: Path) -> list[Experiment]:
    """Read every experiment under a folder: those of its table, or all its reports as one with the folder's name."""
    if not folder.is_dir():
        raise UserError(f"no folder {folder}; give the one that has {EXPERIMENTS} and the run groups, or reports in it")
    table = folder / EXPERIMENTS
    if table.is_file():
        return [_experiment(folder, name, groups) for name, groups in _groups(table).items()]
    paths = sorted((path for path in folder.rglob(REPORTS) if path.is_file()), key=str)
    if not paths:
        raise UserError(f"no {REPORTS} in {folder}")
    return [Experiment(folder.absolute().name, tuple(item for path in paths for item in read(path)))]


def cells(reports: Iterable[CompetitionReport], competitions: Iterable[str], rate: str, *, pad: bool) -> Cells:
    """Return the grid of one rate, competitions by seeds, as MLE-bench forms it.

    Without padding there are as many seeds as the competition with the fewest reports has, and one without any is a
    UserError; with padding as many as the one with the most has, and the gaps are failures.
    """
    import numpy as np

    found: dict[str, list[bool]] = {name: [] for name in sorted(competitions)}
    for report in reports:
        if report.competition_id in found:
            found[report.competition_id].append(report.happened(rate))
    without = [name for name, values in found.items() if not values]
    if len(without) == len(found):
        raise UserError(f"no report on any of these {len(found)} competitions")
    if without and not pad:
        raise UserError(f"no report on {len(without)} of {len(found)} competitions: {', '.join(without[:3])}, …; --pad")
    seeds = (max if pad else min)(len(values) for values in found.values())
    return np.array([[*values[:seeds], *[False] * (seeds - len(values))] for values in found.values()], dtype=float)


def content(reports: Sequence[CompetitionReport]) -> dict[str, object]:
    """Return the JSON object of one report."""
    counts = {rate: sum(report.happened(rate) for report in reports) for rate in RATES}
    return {
        "total_runs": len(reports),
        "total_runs_with_submissions": counts["made_submission"],
        "total_valid_submissions": counts["valid_submission"],
        "total_medals": counts["any_medal"],
        "total_gold_medals": counts["gold"],
        "total_silver_medals": counts["silver"],
        "total_bronze_medals": counts["bronze"],
        "total_above_median": counts["above_median"],
        "competition_reports": [report.model_dump(mode="json") for report in reports],
    }


def _groups(table: Path) -> Mapping[str, list[str]]:
    """Return the run groups of each experiment."""
    groups: dict[str, list[str]] = defaultdict(list)
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if not row.get("experiment_id") or not row.get("run_group"):
                raise UserError(f"{table} needs the columns experiment_id and run_group in every row, found {row}")
            groups[row["experiment_id"].strip()].append(row["run_group"].strip())
    return groups


def _experiment(folder: Path, name: str, groups: Sequence[str]) -> Experiment:
    reports: list[CompetitionReport] = []
    skipped = []
    for group in sorted(groups):
        paths = sorted(path for path in (folder / group).glob(REPORTS) if path.is_file())
        if len(paths) > 1:
            raise UserError(f"{folder / group} has {len(paths)} grading reports; a run group has one: move the others")
        if not paths:
            skipped.append(f"{name}: run group {group} has no grading report")
        reports += [item for path in paths for item in read(path)]
    if not reports:
        raise UserError(f"no grading report for experiment {name} in {folder}")
    return Experiment(name, tuple(reports), tuple(skipped))
