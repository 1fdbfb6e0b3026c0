"""Splits by camera: whole locations go to the test set until it has its share of the pictures.

Locations are drawn first, then moved one at a time from the end of one list to the other. What the share is counted
against differs by edition: `counted_with_test` adds the test pictures to all pictures, which has them in it twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job
from harness.splits.placing import place

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAIN = "iwildcam2020_train_annotations.json"
TEST = "iwildcam2020_test_information.json"
DETECTIONS = "iwildcam2020_megadetector_results.json"
CATEGORIES = 676  # the sample submission draws from the numbers below


def prepare(job: Job, test: float, seed: int, counted_with_test: bool) -> None:
    """Write the three JSON files, the pictures, the answers and the sample submission."""
    described, others = (json.loads((job.raw / name).read_text(encoding="utf-8")) for name in (TRAIN, TEST))
    images, annotations = _frame(described["images"]), _frame(described["annotations"])
    held_out = images["location"].isin(_test_locations(images["location"], test, seed, counted_with_test))
    train, tested = images[~held_out], images[held_out]
    of_train, of_test = (annotations[annotations["image_id"].isin(side["id"])] for side in (train, tested))
    lists = {"annotations": of_train, "images": train, "categories": _frame(described["categories"])}
    _write_json(job.public / TRAIN, lists, described["info"])
    _write_json(job.public / TEST, {"images": tested, "categories": _frame(others["categories"])}, others["info"])
    shutil.copyfile(job.raw / DETECTIONS, job.public / DETECTIONS)
    _write_answers(job, of_test, seed)
    for folder, side in (("train", train), ("test", tested)):
        names = [f"{id}.jpg" for id in side["id"].unique()]
        place((job.raw / "train" / name, job.public / folder / name) for name in names)


def _test_locations(location: pd.Series, test: float, seed: int, counted_with_test: bool) -> list[Any]:
    kept, taken = (list(side) for side in train_test_split(location.unique(), test_size=test, random_state=seed))
    sizes = location.value_counts().to_dict()
    held_out = sum(sizes[place] for place in taken)

    def share() -> float:
        return float(held_out / (len(location) + held_out * counted_with_test))

    while share() < test:
        taken.append(kept.pop())
        held_out += sizes[taken[-1]]
    while share() > test:
        kept.append(taken.pop())
        held_out -= sizes[kept[-1]]
    return taken


def _frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    """Return a table that gives the records back as they were, but for a NaN where one lacks a key that others have.

    As everywhere in pandas, numbers become floats where one is missing.
    """
    table = {}
    for key in dict.fromkeys(key for record in records for key in record):
        values = [record.get(key, np.nan) for record in records]
        textual = any(isinstance(value, str) for value in values)
        table[key] = pd.Series(values, dtype=object if textual else None)  # else None among texts would become NaN
    return pd.DataFrame(table)


def _write_json(path: Path, lists: Mapping[str, pd.DataFrame], info: object) -> None:
    records = {name: table.to_dict(orient="records") for name, table in lists.items()}
    path.write_text(json.dumps({**records, "info": info}), encoding="utf-8")


def _write_answers(job: Job, annotations: pd.DataFrame, seed: int) -> None:
    """Write the labels; the sample submission holds random ones."""
    answers = annotations[["image_id", "category_id"]].rename(columns={"image_id": "Id", "category_id": "Category"})
    answers.to_csv(job.private / job.answers_file, index=False)
    guesses: NDArray[np.int64] = np.random.RandomState(seed).randint(0, CATEGORIES, size=len(answers))
    answers.assign(Category=guesses).to_csv(job.public / job.sample_file, index=False)
