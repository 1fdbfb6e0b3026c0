"""Holds out the drives of a tenth of the days; what the reference receiver measured there is the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from harness.splits import Job
from harness.splits.floats import as_pandas_2
from harness.splits.placing import place

DAY = re.compile(r"(\d+)-(\d+)-(\d+)")
TRUTH, POSITION = "ground_truth.csv", ["LatitudeDegrees", "LongitudeDegrees"]


def prepare(job: Job, hidden: list[str] | None = None, exact: bool = False) -> None:
    """Place the drives of both sides, without the `hidden` files of test; `exact` reads positions to the last digit."""
    from sklearn.model_selection import train_test_split

    drives = sorted(folder for folder in (job.raw / "train").iterdir() if folder.is_dir())
    _, test_days = train_test_split(sorted({_day(drive) for drive in drives}), test_size=0.1, random_state=0)
    left_out = set(hidden or [TRUTH])
    for drive in drives:
        side = "test" if _day(drive) in test_days else "train"
        files = (path for path in _files(drive) if side == "train" or path.name not in left_out)
        place((path, job.public / side / drive.name / path.relative_to(drive)) for path in files)
    place((path, job.public / path.relative_to(job.raw)) for path in _files(job.raw / "metadata"))
    truths = sorted(path for drive in drives if _day(drive) in test_days for path in drive.rglob(TRUTH))
    answers = pd.concat([_positions(path, exact) for path in truths], ignore_index=True)
    answers.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(answers)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _day(drive: Path) -> str:
    """Return the day that a drive's name begins with, so that days sort."""
    found = DAY.match(drive.name)
    if found is None:
        raise ValueError(f"train/{drive.name}: expected a folder named by its day, as 2020-05-15-US-MTV-1")
    year, month, day = found.groups()
    return f"{year}-{month.zfill(2)}-{day.zfill(2)}"


def _positions(path: Path, exact: bool) -> pd.DataFrame:
    """Return the places of one phone on one drive, by time."""
    table = pd.read_csv(path, dtype=dict.fromkeys(POSITION, str))
    for name in POSITION:
        table[name] = table[name].astype(float) if exact else as_pandas_2(table[name])
    table["tripId"] = f"{path.parent.parent.name}-{path.parent.name}"
    return table[["tripId", "UnixTimeMillis", *POSITION]]
