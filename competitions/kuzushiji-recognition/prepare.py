"""Splits pages at random; what YAML can't say is the private submission that would score best."""

from __future__ import annotations

import pandas as pd

from harness.splits import Job
from harness.splits.rows import Rows

RECIPE = {
    "recipe": "rows",
    "table": "train.csv",
    "divide": {"by": "random", "test": 0.1},
    "write": {"train.csv": {"rows": "train"}, "unicode_translation.csv": {"copy_of": "unicode_translation.csv"}},
    "media": [
        {
            "from": "train_images.zip::{image_id}.jpg",
            "train": "train_images.zip::{image_id}.jpg",
            "test": "test_images.zip::{image_id}.jpg",
        }
    ],
}


def prepare(job: Job) -> None:
    """Write both sides, and the answers as points just inside their boxes."""
    Rows.model_validate(RECIPE).apply(job)
    answers = pd.read_csv(job.private / job.answers_file)
    answers.assign(labels=answers["labels"].map(points)).to_csv(job.private / "gold_submission.csv", index=False)


def points(boxes: str) -> str:
    """Return a point inside each box: a pixel right of and below its corner."""
    values = boxes.split()
    corners = zip(values[0::5], values[1::5], values[2::5], strict=True)
    return " ".join(f"{character} {int(x) + 1} {int(y) + 1}" for character, x, y in corners)
