"""Rows at random, with answers of 1 and 0: a score is compared with them, and Kaggle's file says True and False."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job


def prepare(job: Job) -> None:
    """Write train.csv as it came, test.csv without the target, the answers and the sample submission."""
    table = pd.read_csv(job.raw / "train.csv")
    if missing := {"id", "defects"} - set(table.columns):
        raise ValueError(f"train.csv lacks the column {min(missing)!r}")
    train, test = train_test_split(table, test_size=0.2, random_state=0, stratify=table["defects"])
    train.to_csv(job.public / "train.csv", index=False)
    test.drop(columns="defects").to_csv(job.public / "test.csv", index=False)
    test.assign(defects=test["defects"].astype(int)).to_csv(job.private / job.answers_file, index=False)
    job.write_sample(test)
