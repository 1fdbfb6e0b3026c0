"""Passes Kaggle's files on as they are; the answers are the labels that were released after the competition."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd

from harness.splits import Job
from harness.splits.placing import place

TABLES = ("train_curated.csv", "train_noisy.csv")
SOUNDS = ("train_curated", "train_noisy", "test")
RELEASED, LABELS = "FSDKaggle2019.meta.zip", "FSDKaggle2019.meta/test_post_competition.csv"


def prepare(job: Job) -> None:
    """Place all files, and write a column of 0 and 1 for each class."""
    place((job.raw / name, job.public / name) for name in (*TABLES, job.sample_file))
    for folder in SOUNDS:
        sounds = (path for path in (job.raw / folder).rglob("*") if path.is_file())
        place((path, job.public / path.relative_to(job.raw)) for path in sounds)
    with zipfile.ZipFile(job.raw / RELEASED) as archive, archive.open(LABELS) as released:
        clips = pd.read_csv(released)
    clips = clips[clips["usage"] == "Private"]
    sample = pd.read_csv(job.raw / job.sample_file)
    if sorted(sample["fname"]) != sorted(clips["fname"]):
        raise ValueError(f"{job.sample_file} and {LABELS} name different clips")
    classes = list(job.sample)
    said = clips["labels"].str.split(",").explode()
    hot = np.column_stack([said.eq(name).groupby(level=0).any().reindex(clips.index) for name in classes])
    answers = pd.DataFrame(hot.astype(int), index=clips.index, columns=classes)
    answers.insert(0, "fname", clips["fname"])
    answers.to_csv(job.private / job.answers_file, index=False)
