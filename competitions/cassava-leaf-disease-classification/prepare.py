"""Splits by TFRecord file, since no table says which file an image is in: the images follow the files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.data import tfrecord
from harness.splits import Job
from harness.splits.placing import place

LABELS = "label_num_to_disease_map.json"


def prepare(job: Job, test: float, seed: int, without: Sequence[str] = ()) -> None:
    """Hold out a share of the files; the test records lose the features named in `without`."""
    files = sorted((job.raw / "train_tfrecords").glob("*.tfrec"))
    train_files, test_files = train_test_split(files, test_size=test, random_state=seed)
    held_out = {tfrecord.text_feature(record, "image_name") for file in test_files for record in tfrecord.records(file)}
    table = pd.read_csv(job.raw / "train.csv")
    in_test = table["image_id"].isin(held_out)
    train, tested = table[~in_test], table[in_test]
    train.to_csv(job.public / "train.csv", index=False)
    tested.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(tested)
    shutil.copyfile(job.raw / LABELS, job.public / LABELS)
    for folder, side in (("train_images", train), ("test_images", tested)):
        place((job.raw / "train_images" / name, job.public / folder / name) for name in side["image_id"])
    place(_renamed(train_files, job.public / "train_tfrecords/ld_train"))
    (job.public / "test_tfrecords").mkdir()
    for source, target in _renamed(test_files, job.public / "test_tfrecords/ld_test"):
        if without:
            tfrecord.copy_without(source, target, without)
        else:
            place([(source, target)])


def _renamed(files: Sequence[Path], start: Path) -> list[tuple[Path, Path]]:
    """Return each file with its new path: numbered, the number of its records kept in the name."""
    numbered = ((file, number, file.stem.split("-")[1]) for number, file in enumerate(files))
    return [(file, start.with_name(f"{start.name}{number:02d}-{length}.tfrec")) for file, number, length in numbered]
