"""Splits a BSON file of products, streamed twice: once for the ids, once to copy each product to its side."""

from __future__ import annotations

import shutil
from array import array
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from harness.data import bson
from harness.splits import Job

PRODUCTS = "train.bson"
NAMES = "category_names.csv"


def prepare(job: Job, test: float, seed: int, examples: int) -> None:
    """Hold out a share of the products; the first ones that stay are the `examples` once more."""
    products = _products(job)
    _, held_out = train_test_split(np.arange(len(products)), test_size=test, random_state=seed)
    answers = products.iloc[held_out].sort_values("_id")
    answers.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(answers)
    in_test = np.zeros(len(products), dtype=bool)
    in_test[held_out] = True
    _copy(job, in_test, examples)
    shutil.copyfile(job.raw / NAMES, job.public / NAMES)


def _products(job: Job) -> pd.DataFrame:
    ids, categories = array("q"), array("q")
    for product in job.track(bson.documents(job.raw / PRODUCTS), "products read"):
        known = bson.integers(product, ("_id", "category_id"))
        ids.append(known["_id"])
        categories.append(known["category_id"])
    return pd.DataFrame({"_id": np.array(ids), "category_id": np.array(categories)})


def _copy(job: Job, in_test: np.ndarray, examples: int) -> None:
    """Write the products of both sides, those of test without their category."""
    targets: list[Path] = [job.public / name for name in ("train.bson", "test.bson", "train_example.bson")]
    with targets[0].open("wb") as train, targets[1].open("wb") as tested, targets[2].open("wb") as first:
        products = job.track(bson.documents(job.raw / PRODUCTS), "products copied", len(in_test))
        for product, held_out in zip(products, in_test.tolist(), strict=True):
            if held_out:
                tested.write(bson.without(product, ("category_id",)))
                continue
            train.write(product)
            if examples > 0:
                first.write(product)
                examples -= 1
