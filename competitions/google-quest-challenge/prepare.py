"""Random rows, but one: no target may be constant in test, or its rank correlation is not defined."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harness.splits import Job
from harness.splits.sides import RandomDivision
from harness.splits.sources import Source

RARE = "question_type_spelling"  # almost always 0


def prepare(job: Job) -> None:
    """Write train, test, answers, and a sample whose columns rise from 0 to 1, since a constant has no ranks."""
    train, test = RandomDivision(test=0.1, seed=0).divide(Source(file="train.csv").read(job.raw), job.raw)
    if test[RARE].nunique() == 1:
        train, test = _swapped(train, test)
    ids, targets = list(job.id_columns), list(job.sample)
    train.to_csv(job.public / "train.csv", index=False)
    test.drop(columns=targets).to_csv(job.public / "test.csv", index=False)
    test[ids + targets].to_csv(job.private / job.answers_file, index=False)
    rising = dict.fromkeys(targets, np.linspace(0, 1, len(test)))
    test[ids].assign(**rising).to_csv(job.public / job.sample_file, index=False)


def _swapped(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Exchange the first test row and the first training row of the rare kind, in place of each other."""
    place = int((train[RARE] != 0).to_numpy().argmax())
    moved, given = train.iloc[[place]], test.iloc[[0]]
    train = pd.concat([train.iloc[:place], given, train.iloc[place + 1 :]])
    return train, pd.concat([moved, test.iloc[1:]])
