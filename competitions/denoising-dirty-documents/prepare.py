"""Divides pages at random and turns the clean ones of the test set into answers, a row for each pixel."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from harness.splits import Job
from harness.splits.csv_bytes import write_csv
from harness.splits.listing import FileList
from harness.splits.media import Media
from harness.splits.sides import RandomDivision, Sides

if TYPE_CHECKING:
    import pandas as pd

DIRTY = "train.zip::train/{page}.png"
CLEAN = "train_cleaned.zip::train_cleaned/{page}.png"


def prepare(job: Job) -> None:
    """Write the pages of both sides, the clean ones of train, and the pixels of test."""
    pages = FileList(files=DIRTY).read(job.raw)
    train, test = RandomDivision(test=0.2, order="table").divide(pages, job.raw)
    sides = Sides(train, test, train, test)
    Media.model_validate({"from": DIRTY, "to": "{side}/{page}.png"}).place(job, sides)
    Media.model_validate({"from": CLEAN, "train": "train_cleaned/{page}.png"}).place(job, sides)
    answers = pixels(job, list(test["page"]))
    write_csv(answers, job.private / job.answers_file)
    write_csv(answers.assign(value=1), job.public / job.sample_file)


def pixels(job: Job, pages: list[str]) -> pd.DataFrame:
    """Return `page_row_column`, counted from 1, and the brightness from 0 (black) to 1 of every pixel."""
    import numpy as np
    import pandas as pd
    from PIL import Image

    archive, _, pattern = CLEAN.partition("::")
    ids: list[str] = []
    values = []
    with zipfile.ZipFile(job.raw / archive) as packed:
        for page in pages:
            with packed.open(pattern.format(page=page)) as content:
                picture = np.asarray(Image.open(content).convert("L"))
            rows, columns = (range(1, length + 1) for length in picture.shape)
            ids += [f"{page}_{row}_{column}" for row in rows for column in columns]
            values.append(picture.ravel() / 255)
    return pd.DataFrame({"id": ids, "value": np.concatenate(values)})
