"""Takes a tenth of the images for testing, and agrees on one reading where several radiologists drew the same thing."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.metrics import boxes
from harness.splits import Job
from harness.splits.placing import place

CORNERS = ["x_min", "y_min", "x_max", "y_max"]
NO_FINDING = 14
SAME_FINDING = 0.4  # boxes of one class that overlap more than this, as the metric has it


def prepare(job: Job, every_finding: bool = False) -> None:
    """Write both sides; without `every_finding`, the first box of each class is an image's only one of it."""
    table = pd.read_csv(job.raw / "train.csv")
    train_ids, test_ids = train_test_split(table["image_id"].unique().tolist(), test_size=0.1, random_state=0)
    table[table["image_id"].isin(train_ids)].to_csv(job.public / "train.csv", index=False)
    job.write_sample(pd.DataFrame({"image_id": test_ids}))
    marked = table[table["image_id"].isin(test_ids)].sort_values(["image_id", "class_id"], kind="stable")
    marked.loc[marked["class_id"] == NO_FINDING, CORNERS] = 0.0, 0.0, 1.0, 1.0
    readings = marked.groupby(["image_id", "class_id"], sort=False, group_keys=False)
    answers = pd.concat(findings(drawn) for _, drawn in readings) if every_finding else readings.head(1)
    order = ["image_id", "class_id", "class_name", "rad_id", *CORNERS]
    answers[order].to_csv(job.private / "answers.csv", index=False)
    written(answers).to_csv(job.private / job.answers_file, index=False)
    pairs = [("train", id) for id in train_ids] + [("test", id) for id in test_ids]
    place((job.raw / "train" / f"{id}.dicom", job.public / side / f"{id}.dicom") for side, id in pairs)


def findings(marked: pd.DataFrame) -> pd.DataFrame:
    """Return the boxes of one class in one image, without those that another radiologist drew before."""
    corners = marked[CORNERS].to_numpy()
    same = boxes.iou(corners, corners) > SAME_FINDING
    kept: list[int] = []
    for number in range(len(marked)):
        if not same[number, kept].any():
            kept.append(number)
    return marked.iloc[kept]


def written(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers as a submission that is sure of each box."""
    values = answers[["class_id", *CORNERS]].astype({"class_id": int}).itertuples(index=False, name=None)
    texts = [" ".join(map(str, (kind, 1.0, *map(float, corners)))) for kind, *corners in values]
    joined = pd.Series(texts, index=answers["image_id"]).groupby(level=0).agg(" ".join)
    return joined.rename("PredictionString").reset_index()
