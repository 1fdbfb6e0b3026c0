"""The split of COCO-like metadata: who gets into the test set, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.splits.base import Job
from harness.splits.coco import CocoCategories

COUNTS = {7: 1, 8: 2, 9: 4, 10: 5, 11: 20}


def job(folder: Path, metadata: dict[str, Any] | None = None) -> Job:
    pictures = [(category, f"{category}/{number}.jpg") for category, count in COUNTS.items() for number in range(count)]
    described = {
        "images": [{"id": id, "file_name": name} for id, (_, name) in enumerate(pictures)],
        "annotations": [{"image_id": id, "category_id": category} for id, (category, _) in enumerate(pictures)],
        "categories": [],
        "info": {},
        "licenses": [],
    } | (metadata or {})
    for _, name in pictures:
        (folder / "raw/train" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "raw/train" / name).write_text(name)
    (folder / "raw/train/metadata.json").write_text(json.dumps(described))
    for made in ("public", "private"):
        (folder / made).mkdir()
    return Job(
        raw=folder / "raw",
        public=folder / "public",
        private=folder / "private",
        plain_sample=folder / "sample.csv",
        id_columns=("Id",),
        sample={"Predicted": 0},
        sample_file="sample_submission.csv",
        answers_file="answers.csv",
        code=folder,
    )


def recipe(**changes: object) -> CocoCategories:
    test = {"metadata": "test/metadata.json", "folder": "test", "name": "images/{thousand:03d}/{number}.jpg"}
    stated = {"metadata": "train/metadata.json", "images": "train", "test": 0.2, "seed": 0, "test_images": test}
    return CocoCategories.model_validate({"recipe": "coco_categories", **stated, **changes})


def test_every_category_gives_its_share_and_the_only_picture_stays_in_train(tmp_path: Path) -> None:
    recipe().apply(job(tmp_path))
    taken = pd.read_csv(tmp_path / "private/answers.csv")["Predicted"].value_counts().to_dict()
    assert taken == {8: 1, 9: 1, 10: 1, 11: 4}


def test_pictures_are_where_the_metadata_say_and_on_one_side_only(tmp_path: Path) -> None:
    recipe().apply(job(tmp_path))
    found: list[str] = []
    for side in ("train", "test"):
        images = json.loads((tmp_path / "public" / side / "metadata.json").read_text())["images"]
        found += [(tmp_path / "public" / side / image["file_name"]).read_text() for image in images]
    assert len(found) == len(set(found)) == sum(COUNTS.values())


def test_test_metadata_hold_no_annotations_and_names_tell_no_category(tmp_path: Path) -> None:
    recipe().apply(job(tmp_path))
    metadata = json.loads((tmp_path / "public/test/metadata.json").read_text())
    assert set(metadata) == {"images", "info", "licenses"}
    assert metadata["images"][3] == {"file_name": "images/000/3.jpg", "id": "3"}


def test_categories_of_any_size_may_give_pictures_by_lot(tmp_path: Path) -> None:
    recipe(few="draw", test=0.5).apply(job(tmp_path))
    taken = pd.read_csv(tmp_path / "private/answers.csv")["Predicted"].value_counts().to_dict()
    assert taken == {7: 1, 8: 1, 9: 2, 10: 3, 11: 10}


def test_lists_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    wrong = [{"image_id": -1, "category_id": 1}] * sum(COUNTS.values())
    with pytest.raises(ValueError, match="not in the same order"):
        recipe().apply(job(tmp_path, {"annotations": wrong}))


def test_a_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    prepared = job(tmp_path)
    (tmp_path / "raw/train/9/2.jpg").unlink()
    with pytest.raises(ValueError, match=r"2\.jpg"):
        recipe().apply(prepared)
