"""Divides photographs so that most whales are on both sides; those only in the test set become `new_whale`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.splits import Job
from harness.splits.media import Media
from harness.splits.sides import Sides
from harness.splits.sources import Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

NEW = "new_whale"
TEST = 0.1


def prepare(job: Job) -> None:
    """Write both sides in the table's order, and their photographs."""
    table = Source(file="train.csv").read(job.raw)
    in_test = divide(table)
    train, test = table[~in_test], table[in_test]
    train.to_csv(job.public / "train.csv", index=False)
    test = test.assign(Id=test["Id"].where(test["Id"].isin(train["Id"]), NEW))
    test.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(test)
    photographs = Media.model_validate({"from": "train/{Image}", "to": "{side}/{Image}"})
    photographs.place(job, Sides(train, test, train, test))


def divide(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are of test: of each whale one at least, and of the rest a tenth.

    Whales with one photograph are drawn one by one, the others' photographs by pandas' `sample`: so the rows are those
    of others who divided likewise with the same seeds.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    rng = np.random.default_rng(0)
    in_test = np.zeros(len(table), dtype=bool)
    undecided = np.ones(len(table), dtype=bool)
    for rows in table.groupby("Id", sort=False).indices.values():
        if len(rows) == 1:
            undecided[rows] = False
            in_test[rows] = rng.choice([False, True], replace=False, p=[1 - TEST, TEST])
        else:
            of_train, of_test = rows[np.random.RandomState(0).choice(len(rows), 2, replace=False)]
            undecided[[of_train, of_test]] = False
            in_test[of_test] = True
    _, rest = train_test_split(np.flatnonzero(undecided), test_size=TEST, random_state=0)
    in_test[rest] = True
    return in_test
