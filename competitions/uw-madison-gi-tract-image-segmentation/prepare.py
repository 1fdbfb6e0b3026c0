"""Takes a tenth of the patients for testing, and the days after the fourth of all others."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job
from harness.splits.placing import place

DAYS_TO_TRAIN_ON = 4


def prepare(job: Job) -> None:
    """Write both sides."""
    table = pd.read_csv(job.raw / "train.csv")
    parts = table["id"].str.extract(r"^(?P<case>[^_]+)_(?P<day>[^_]+)_.*?(?P<slice>[^_]+)$")
    test_cases = set(train_test_split(parts["case"].unique().tolist(), test_size=0.1, random_state=42)[1])
    test_days = {day for day, late in late_days(parts).items() if late or day[0] in test_cases}
    is_test = pd.Series(list(zip(parts["case"], parts["day"], strict=True)), index=table.index).isin(test_days)
    table[~is_test].to_csv(job.public / "train.csv", index=False)
    test = table[is_test].rename(columns={"segmentation": "predicted"})
    answers = test.join(sizes(job.raw / "train", parts[is_test]))
    answers.to_csv(job.private / job.answers_file, index=False)
    test[["id", "class"]].to_csv(job.public / "test.csv", index=False)
    job.write_sample(test)
    scans = [path.relative_to(job.raw / "train") for path in (job.raw / "train").rglob("*") if path.is_file()]
    place([(job.raw / "train" / scan, job.public / side_of(scan, test_cases, test_days) / scan) for scan in scans])


def late_days(parts: pd.DataFrame) -> dict[tuple[str, str], bool]:
    """Return whether each patient's day comes after those to train on."""
    days = parts[["case", "day"]].drop_duplicates()
    rank = days["day"].str.removeprefix("day").astype(int).groupby(days["case"]).rank()
    return dict(zip(zip(days["case"], days["day"], strict=True), rank > DAYS_TO_TRAIN_ON, strict=True))


def side_of(scan: Path, test_cases: set[str], test_days: set[tuple[str, str]]) -> str:
    """Return the folder in which `case/case_day/scans/slice.png` belongs."""
    case, day = scan.parts[0], scan.parts[1].partition("_")[2]
    return "test" if case in test_cases or (case, day) in test_days else "train"


def sizes(folder: Path, parts: pd.DataFrame) -> pd.DataFrame:
    """Return the pictures' sizes, which their names tell: slice_0001_width_height_1.50_1.50.png."""
    found = {}
    for case, day in parts[["case", "day"]].drop_duplicates().itertuples(index=False):
        for path in (folder / case / f"{case}_{day}" / "scans").glob("slice_*.png"):
            number, width, height = path.stem.split("_")[1:4]
            found[case, day, number] = float(width), float(height)
    rows = [found[key] for key in parts.itertuples(index=False, name=None)]
    return pd.DataFrame(rows, index=parts.index, columns=["image_width", "image_height"])
