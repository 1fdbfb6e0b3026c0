"""Draws the studies to train on, keeping the shares of those with boxes, with segmentations, and with both."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from harness.splits import Job
from harness.splits.placing import place

STUDY = "StudyInstanceUID"


def prepare(job: Job, train_share: float) -> None:
    """Write both sides: a row a study for training, a row a label for testing."""
    table, boxes = (pd.read_csv(job.raw / name) for name in ("train.csv", "train_bounding_boxes.csv"))
    boxed = sorted(boxes[STUDY].unique())
    segmented = sorted(path.stem for path in (job.raw / "segmentations").glob("*.nii"))
    both, only_boxed, only_segmented, plain = draw(table[STUDY].tolist(), boxed, segmented, train_share)
    is_train = table[STUDY].isin(both + only_boxed + only_segmented + plain)
    table[is_train].to_csv(job.public / "train.csv", index=False)
    boxes[boxes[STUDY].isin(both + only_boxed)].to_csv(job.public / "train_bounding_boxes.csv", index=False)
    answers = table[~is_train].melt(id_vars=STUDY, var_name="prediction_type", value_name="fractured")
    answers["row_id"] = answers[STUDY] + "_" + answers["prediction_type"]
    answers.to_csv(job.private / job.answers_file, index=False)
    answers.drop(columns="fractured").to_csv(job.public / "test.csv", index=False)
    job.write_sample(answers)
    names = [f"segmentations/{study}.nii" for study in both + only_segmented]
    place([(job.raw / name, job.public / name) for name in names])
    place(slices(job, table.loc[is_train, STUDY], "train_images"))
    place(slices(job, table.loc[~is_train, STUDY], "test_images"))


def draw(studies: list[str], boxed: list[str], segmented: list[str], share: float) -> tuple[list[str], ...]:
    """Return the studies to train on: with boxes and segmentations, with boxes only, with segmentations only, others.

    The order in which the four are drawn is part of the split.
    """
    rng = random.Random(0)  # noqa: S311 - the draws of MLE-bench
    in_both = [study for study in boxed if study in set(segmented)]
    both = rng.sample(in_both, round(len(in_both) * share))
    rest = [study for study in segmented if study not in set(in_both)]
    only_segmented = rng.sample(rest, round(len(segmented) * share) - len(both))
    rest = [study for study in boxed if study not in set(in_both)]
    only_boxed = rng.sample(rest, round(len(boxed) * share) - len(both))
    chosen = {*both, *only_segmented, *only_boxed}
    rest = [study for study in studies if study not in chosen]
    plain = rng.sample(rest, round(len(studies) * share) - len(chosen))
    return both, only_boxed, only_segmented, plain


def slices(job: Job, studies: pd.Series, folder: str) -> Iterator[tuple[Path, Path]]:
    """Yield where each slice of the studies is, and where it goes."""
    for study in studies:
        for path in (job.raw / "train_images" / study).iterdir():
            yield path, job.public / folder / study / path.name
