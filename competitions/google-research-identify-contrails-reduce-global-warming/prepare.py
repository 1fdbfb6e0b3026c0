"""Takes as many records from the training data for testing as there are for validation, which stay as they are."""

from __future__ import annotations

import json
import random

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from harness.metrics import rle
from harness.splits import Job
from harness.splits.placing import place

BANDS = [f"band_{band:02}.npy" for band in range(8, 17)]
FOLDERS = ("train", "validation")
MASKS = ["human_individual_masks.npy", "human_pixel_masks.npy"]


def prepare(job: Job) -> None:
    """Write both sides; the sample submission guesses at random between two masks."""
    records, validation = (json.loads((job.raw / f"{name}_metadata.json").read_bytes()) for name in FOLDERS)
    train, test = train_test_split(records, test_size=len(validation), random_state=0)
    (job.public / "train_metadata.json").write_text(json.dumps(train), encoding="utf-8")
    answers = pd.DataFrame([answer(job, record["record_id"]) for record in test])
    answers.to_csv(job.private / job.answers_file, index=False)
    rng = random.Random(0)  # noqa: S311 - the guesses that MLE-bench draws
    guesses = [rng.choice(["1 3 10 5", "-"]) for _ in range(len(answers))]
    answers.assign(encoded_pixels=guesses).to_csv(job.public / job.sample_file, index=False)
    pairs = [(job.raw / "validation_metadata.json", job.public / "validation_metadata.json")]
    for side, chosen, names in (("train", train, BANDS + MASKS), ("test", test, BANDS)):
        for folder in (record["record_id"] for record in chosen):
            pairs += [(job.raw / "train" / folder / name, job.public / side / folder / name) for name in names]
    kept = (path for path in (job.raw / "validation").rglob("*") if path.is_file())
    place(pairs + [(path, job.public / path.relative_to(job.raw)) for path in kept])


def answer(job: Job, record: str) -> dict[str, object]:
    """Return the row of answers of one record."""
    folder = job.raw / "train" / record
    code = rle.encode(np.load(folder / "human_pixel_masks.npy")[..., 0])
    height, width, _ = np.load(folder / "band_08.npy", mmap_mode="r").shape
    return {"record_id": record, "encoded_pixels": code or "-", "height": height, "width": width}
