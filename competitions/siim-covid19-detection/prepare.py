"""Splits studies at random; their images follow. The answers put both kinds of label into one form."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job
from harness.splits.placing import place

LABELS = {
    "Negative for Pneumonia": "negative",
    "Typical Appearance": "typical",
    "Indeterminate Appearance": "indeterminate",
    "Atypical Appearance": "atypical",
}
WHOLE = "1 0 0 1 1"  # the score and the box of what has no box


def prepare(job: Job) -> None:
    """Write both sides."""
    studies, images = (pd.read_csv(job.raw / f"train_{level}_level.csv") for level in ("study", "image"))
    both = train_test_split(studies, test_size=0.1, random_state=0)
    pairs = []
    for side, chosen in zip(("train", "test"), (part.sort_values("id") for part in both), strict=True):
        theirs = images[(images["StudyInstanceUID"] + "_study").isin(chosen["id"])].sort_values("id")
        if side == "train":
            chosen.to_csv(job.public / "train_study_level.csv", index=False)
            theirs.to_csv(job.public / "train_image_level.csv", index=False)
        else:
            write_answers(job, chosen, theirs)
        folders = [job.raw / "train" / id.removesuffix("_study") for id in chosen["id"]]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        pairs += [(path, job.public / side / path.relative_to(job.raw / "train")) for path in files]
    place(pairs)


def write_answers(job: Job, studies: pd.DataFrame, images: pd.DataFrame) -> None:
    """Write the truth of studies, then of images, and a sample that finds nothing."""
    labels = studies[list(LABELS)].idxmax(axis=1).map(LABELS)
    ids = pd.concat([studies["id"], images["id"]], ignore_index=True)
    truth = pd.concat([labels + f" {WHOLE}", images["label"]], ignore_index=True)
    guess = [f"negative {WHOLE}"] * len(studies) + [f"none {WHOLE}"] * len(images)
    pd.DataFrame({"id": ids, "PredictionString": truth}).to_csv(job.private / job.answers_file, index=False)
    pd.DataFrame({"id": ids, "PredictionString": guess}).to_csv(job.public / job.sample_file, index=False)
