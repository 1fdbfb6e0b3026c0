"""Makes the third fragment the test fragment `a`, without its ink labels and its infrared picture."""

from __future__ import annotations

import pandas as pd
from PIL import Image

from harness.splits import Job
from harness.splits.placing import place

WITHHELD = ("inklabels.png", "inklabels_rle.csv", "ir.png")


def prepare(job: Job) -> None:
    """Write both sides."""
    train, test = job.raw / "train", job.raw / "train" / "3"
    with Image.open(test / "ir.png") as picture:
        width, height = picture.size
    answers = pd.read_csv(test / "inklabels_rle.csv").assign(width=width, height=height, Id="a")
    answers.to_csv(job.private / job.answers_file, index=False)
    answers.drop(columns=["width", "height"]).to_csv(job.private / "gold_submission.csv", index=False)
    job.write_sample(answers)
    files = [path for fragment in ("1", "2") for path in (train / fragment).rglob("*") if path.is_file()]
    pairs = [(path, job.public / "train" / path.relative_to(train)) for path in files]
    seen = [path for path in test.rglob("*") if path.is_file() and path.name not in WITHHELD]
    place(pairs + [(path, job.public / "test" / "a" / path.relative_to(test)) for path in seen])
