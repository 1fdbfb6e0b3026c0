"""Takes a tenth of the patients for testing; one prediction is asked for each of their breasts."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job
from harness.splits.placing import place

TEST_COLUMNS = ["site_id", "patient_id", "image_id", "laterality", "view", "age", "implant", "machine_id"]


def prepare(job: Job) -> None:
    """Write both sides; the sample submission holds the share of cancer in training."""
    table = pd.read_csv(job.raw / "train.csv")
    chosen = train_test_split(table["patient_id"].unique(), test_size=0.1, random_state=42)[1]
    is_test = table["patient_id"].isin(chosen)
    train, test = table[~is_test], table[is_test]
    train.to_csv(job.public / "train.csv", index=False)
    test = test.assign(prediction_id=test["patient_id"].astype(str) + "_" + test["laterality"])
    test[[*TEST_COLUMNS, "prediction_id"]].to_csv(job.public / "test.csv", index=False)
    answers = test.groupby("prediction_id")["cancer"].first().reset_index()
    answers.to_csv(job.private / job.answers_file, index=False)
    answers.assign(cancer=train["cancer"].mean()).to_csv(job.public / job.sample_file, index=False)
    for side, rows in (("train_images", train), ("test_images", test)):
        names = [f"{patient}/{image}.dcm" for patient, image in zip(rows["patient_id"], rows["image_id"], strict=True)]
        place([(job.raw / "train_images" / name, job.public / side / name) for name in names])
