"""Splits notebooks by ancestor, so that no test notebook has a relative in the training set.

Families are taken in random order, each whole, as long as they fit into the test set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from harness.splits import Job
from harness.splits.placing import place


def prepare(job: Job, test: int, at_most: float, seed: int) -> None:
    """Hold out `test` notebooks, or the share `at_most` of few."""
    ancestors = pd.read_csv(job.raw / "train_ancestors.csv").sample(frac=1, random_state=seed)
    held_out = ancestors["ancestor_id"].isin(_families(ancestors, min(test, int(at_most * len(ancestors)))))
    ancestors[~held_out].to_csv(job.public / "train_ancestors.csv", index=False)
    orders = pd.read_csv(job.raw / "train_orders.csv")
    in_test = orders["id"].isin(ancestors.loc[held_out, "id"])
    in_train = orders["id"].isin(ancestors.loc[~held_out, "id"])
    orders[in_train].to_csv(job.public / "train_orders.csv", index=False)
    orders[in_test].to_csv(job.private / job.answers_file, index=False)
    for folder, ids in (("train", ancestors.loc[~held_out, "id"]), ("test", ancestors.loc[held_out, "id"])):
        place((job.raw / "train" / f"{id}.json", job.public / folder / f"{id}.json") for id in ids)
    sample = pd.DataFrame({"id": orders.loc[in_test, "id"]})
    sample["cell_order"] = list(_orders_as_given(job.public / "test", sample["id"]))
    sample.to_csv(job.public / job.sample_file, index=False)


def _families(ancestors: pd.DataFrame, test: int) -> list[str]:
    """Return the families, in order of appearance, that fill the test set; one too large for the rest is left."""
    chosen, room = [], test
    for family, size in ancestors.groupby("ancestor_id", sort=False).size().items():
        if size <= room:
            chosen.append(str(family))
            room -= size
    return chosen


def _orders_as_given(folder: Path, ids: pd.Series) -> Iterator[str]:
    for id in ids:
        notebook = json.loads((folder / f"{id}.json").read_text(encoding="utf-8"))
        yield " ".join(notebook["cell_type"])
