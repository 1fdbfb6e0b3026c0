"""Divides photographs whose names hold their labels: test ones are renamed to numbers, training ones counted anew."""

from __future__ import annotations

from harness.splits import Job
from harness.splits.listing import FileList
from harness.splits.media import Media
from harness.splits.sides import RandomDivision, Sides

RAW = "train.zip::train/{label}.{number}.jpg"


def prepare(job: Job) -> None:
    """Write the photographs, in folders and in archives, the answers and the sample submission."""
    train, test = RandomDivision(test=0.1).divide(FileList(files=RAW).read(job.raw), job.raw)
    counted = train.assign(number=train.groupby("label").cumcount())
    answers = test.assign(id=range(1, len(test) + 1), label=(test["label"] == "dog").astype(int))[["id", "label"]]
    sides = Sides(counted, answers, train, test)
    for packed in ("", ".zip::"):
        inside = packed or "/"
        where = {"from": RAW, "train": f"train{inside}{{label}}.{{number}}.jpg", "test": f"test{inside}{{id}}.jpg"}
        Media.model_validate(where).place(job, sides)
    answers.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(answers)
