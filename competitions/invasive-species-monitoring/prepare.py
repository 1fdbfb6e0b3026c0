"""Divides photographs in a 7z; one edition follows a preparation whose archives came out empty, as no recipe would."""

from __future__ import annotations

from harness.data import sevenzip
from harness.splits import Job
from harness.splits.media import Media
from harness.splits.rows import Rows

TABLES = {
    "recipe": "rows",
    "table": "train_labels.csv.zip",
    "divide": {"by": "random", "test": 0.2},
    "write": {"train_labels.csv.zip": {"rows": "train"}},
}
PHOTOGRAPHS = {"from": "train.7z::train/{name}.jpg", "to": "{side}.7z::{side}/{name}.jpg"}


def prepare(job: Job, photographs: bool) -> None:
    """Write tables, packed and with the sample plain in private too, and archives with or without photographs."""
    tables = Rows.model_validate(TABLES)
    tables.apply(job)
    (job.private / "sample_submission.csv").write_bytes(job.plain_sample.read_bytes())
    if photographs:
        Media.model_validate(PHOTOGRAPHS).place(job, tables.sides(job))
        return
    for side in ("train", "test"):
        sevenzip.pack(job.public / f"{side}.7z", [])
