"""Splits by TFRecord file: the pictures in the named files are the test set, in every format that they come in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from harness.data import tfrecord
from harness.splits import Job
from harness.splits.placing import place

LABELS = ["diagnosis", "benign_malignant", "target"]


def prepare(job: Job, test_files: Sequence[str], without: Sequence[str] = ()) -> None:
    """Hold out the pictures of `test_files`; their records lose the features named in `without`."""
    tested = [job.raw / "tfrecords" / name for name in test_files]
    ids = {tfrecord.text_feature(record, "image_name") for file in tested for record in tfrecord.records(file)}
    table = pd.read_csv(job.raw / "train.csv")
    in_test = table["image_name"].isin(ids)
    train, test = table[~in_test], table[in_test]
    train.to_csv(job.public / "train.csv", index=False)
    test.drop(columns=LABELS).to_csv(job.public / "test.csv", index=False)
    test[["image_name", "target"]].to_csv(job.private / job.answers_file, index=False)
    job.write_sample(test)
    place([*_pictures(job, "train", train["image_name"]), *_pictures(job, "test", test["image_name"])])
    _place_records(job, set(test_files), without)


def _pictures(job: Job, side: str, names: pd.Series) -> Iterator[tuple[Path, Path]]:
    for name in names:
        yield job.raw / f"train/{name}.dcm", job.public / f"{side}/{name}.dcm"
        yield job.raw / f"jpeg/train/{name}.jpg", job.public / f"jpeg/{side}/{name}.jpg"


def _place_records(job: Job, test_files: set[str], without: Sequence[str]) -> None:
    """Number the files of each side anew; the number of records stays in the name."""
    numbers = {"train": 0, "test": 0}
    (job.public / "tfrecords").mkdir()
    for source in sorted((job.raw / "tfrecords").glob("train*.tfrec")):
        side = "test" if source.name in test_files else "train"
        target = job.public / "tfrecords" / f"{side}{numbers[side]:02d}-{source.stem.split('-')[1]}.tfrec"
        numbers[side] += 1
        if side == "test" and without:
            tfrecord.copy_without(source, target, without)
        else:
            place([(source, target)])
