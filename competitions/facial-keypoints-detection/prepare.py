"""Holds out a fifth of the pictures, and asks for the coordinates that were marked in them."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job


def prepare(job: Job) -> None:
    """Write training.csv, test.csv, the table of what is asked for, the answers and the sample submission."""
    table = pd.read_csv(job.raw / "training.zip")
    if "Image" not in table.columns:
        raise ValueError("training.zip lacks the column 'Image'")
    train, test = train_test_split(table, test_size=0.2, random_state=0)
    train.to_csv(job.public / "training.csv", index=False)
    test = test.reset_index(drop=True).rename_axis("ImageId")
    test.index += 1
    test["Image"].reset_index().to_csv(job.public / "test.csv", index=False)
    marked = test.drop(columns="Image").stack().rename("Location").dropna()
    answers = marked.rename_axis(["ImageId", "FeatureName"]).reset_index()
    answers.insert(0, "RowId", range(1, len(answers) + 1))
    answers.assign(Location="").to_csv(job.public / "IdLookupTable.csv", index=False)
    answers[["RowId", "Location"]].to_csv(job.private / job.answers_file, index=False)
    job.write_sample(answers)
