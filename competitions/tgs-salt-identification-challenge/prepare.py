"""Splits the salt images at random; pictures and table come straight out of the nested archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job
from harness.splits.placing import place_from_zip

FOLDER = "competition_data/train"


def prepare(job: Job, all_depths: bool = False) -> None:
    """Write both sides; `all_depths` tells the depths of test images too."""
    archive = job.raw / "competition_data.zip"
    with zipfile.ZipFile(archive) as packed, packed.open("competition_data/train.csv") as file:
        table = pd.read_csv(file).fillna("")
    train, test = train_test_split(table, test_size=0.25, random_state=0)
    train, test = train.sort_values("id"), test.sort_values("id")
    train.to_csv(job.public / "train.csv", index=False)
    test.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(test)
    depths = pd.read_csv(job.raw / "depths.csv")
    known = table["id"] if all_depths else train["id"]
    depths[depths["id"].isin(known)].sort_values("id").to_csv(job.public / "depths.csv", index=False)
    place_from_zip(archive, [pair for kind in ("images", "masks") for pair in pictures(train["id"], kind, job.public)])
    place_from_zip(archive, pictures(test["id"], "images", job.public, side="test"))


def pictures(ids: pd.Series, kind: str, public: Path, side: str = "train") -> list[tuple[str, Path]]:
    """Return where each picture is in the archive, and where it goes."""
    return [(f"{FOLDER}/{kind}/{id}.png", public / side / kind / f"{id}.png") for id in ids]
