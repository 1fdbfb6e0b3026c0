"""Takes three of the fifteen labelled kidney sections for testing."""

from __future__ import annotations

import shutil

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job
from harness.splits.placing import place

INFORMATION = "HuBMAP-20-dataset_information.csv"
OUTLINES = "{id}.json"
FILES = ("{id}.tiff", "{id}-anatomical-structure.json", OUTLINES)


def prepare(job: Job, outlines: bool = True) -> None:
    """Write both sides; without `outlines`, the files that hold the labels of test images stay private."""
    labelled = pd.read_csv(job.raw / "train.csv")
    train, test = train_test_split(labelled, train_size=12, test_size=3, random_state=0)
    train.to_csv(job.public / "train.csv", index=False)
    test = test.merge(information(job, labelled["id"]), on="id")
    test.to_csv(job.private / "test.csv", index=False)
    predicted = test.rename(columns={"encoding": "predicted"})
    predicted.to_csv(job.private / job.answers_file, index=False)
    predicted[["id", "predicted"]].to_csv(job.private / "gold_submission.csv", index=False)
    job.write_sample(test)
    sides = [("train", id, name) for id in train["id"] for name in FILES]
    sides += [("test", id, name) for id in test["id"] for name in FILES if outlines or name != OUTLINES]
    names = [(side, name.format(id=id)) for side, id, name in sides]
    place([(job.raw / "train" / name, job.public / side / name) for side, name in names])
    shutil.copyfile(job.public / job.sample_file, job.public / "test" / job.sample_file)


def information(job: Job, ids: pd.Series) -> pd.DataFrame:
    """Write what is known about the images of these ids; return their sizes."""
    table = pd.read_csv(job.raw / INFORMATION)
    named = table.assign(id=table["image_file"].str.replace(".tiff", "", regex=False))
    chosen = named["id"].isin(ids)
    table[chosen].to_csv(job.public / INFORMATION, index=False)
    return named.loc[chosen, ["id", "width_pixels", "height_pixels"]]
