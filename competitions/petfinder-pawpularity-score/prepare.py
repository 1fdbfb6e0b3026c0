"""Divides pets at random; the sample submission holds random scores, so the recipe `rows` can't say it."""

from __future__ import annotations

from harness.splits import Job
from harness.splits.media import Media
from harness.splits.sides import RandomDivision, Sides
from harness.splits.sources import Source

TARGET = "Pawpularity"


def prepare(job: Job) -> None:
    """Write both sides, their photographs, and scores from 1 to 100 with two decimals as the sample."""
    import numpy as np

    train, test = RandomDivision(test=0.1).divide(Source(file="train.csv").read(job.raw), job.raw)
    train.to_csv(job.public / "train.csv", index=False)
    test.drop(columns=TARGET).to_csv(job.public / "test.csv", index=False)
    test.to_csv(job.private / job.answers_file, index=False)
    scores = np.random.default_rng(0).uniform(1, 100, len(test)).round(2)
    test[["Id"]].assign(**{TARGET: scores}).to_csv(job.public / job.sample_file, index=False)
    photographs = Media.model_validate({"from": "train/{Id}.jpg", "to": "{side}/{Id}.jpg"})
    photographs.place(job, Sides(train, test, train, test))
