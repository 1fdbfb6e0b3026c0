"""Divides JSON records: tables can't hold them, since each has two bands of 75 × 75 numbers. All is packed in 7z."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from harness.data import sevenzip
from harness.splits import Job

INSIDE = "data/processed"  # where the raw archives hold their file
LABEL = "is_iceberg"


def prepare(job: Job) -> None:
    """Write both sides, the answers and the sample submission; test records have the fields of Kaggle's."""
    from sklearn.model_selection import train_test_split

    with tempfile.TemporaryDirectory(dir=job.public.parent) as made:
        folder = Path(made)
        train, test = train_test_split(records(job, "train", folder), test_size=0.2, random_state=0)
        fields = list(records(job, "test", folder)[0])
        pack(job.public / "train.json.7z", json.dumps(train), folder)
        pack(job.public / "test.json.7z", json.dumps([{field: row[field] for field in fields} for row in test]), folder)
    write_tables(job, test)


def records(job: Job, name: str, folder: Path) -> list[dict[str, Any]]:
    """Return the records of a raw archive."""
    sevenzip.unpack(job.raw / f"{name}.json.7z", folder)
    found: list[dict[str, Any]] = json.loads((folder / INSIDE / f"{name}.json").read_text(encoding="utf-8"))
    return found


def pack(archive: Path, content: str, folder: Path) -> None:
    """Write a 7z that holds the content alone."""
    path = folder / archive.stem
    path.write_text(content, encoding="utf-8")
    sevenzip.pack(archive, [(path, path.name)])


def write_tables(job: Job, test: list[dict[str, Any]]) -> None:
    """Write the answers, and the sample submission plain in private and packed in public."""
    import pandas as pd

    answers = pd.DataFrame({"id": [row["id"] for row in test], LABEL: [int(row[LABEL]) for row in test]})
    answers.to_csv(job.private / job.answers_file, index=False)
    plain = job.private / Path(job.sample_file).stem
    answers[["id"]].assign(**job.sample).to_csv(plain, index=False)
    sevenzip.pack(job.public / job.sample_file, [(plain, plain.name)])
    shutil.copyfile(plain, job.plain_sample)
