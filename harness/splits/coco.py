"""Splits of images that a COCO-like metadata file describes: every category gives its share to the test set.

The metadata hold two lists side by side, `annotations` and `images`, one of each for every picture; whatever else they
hold is about the data set as a whole. Test pictures get new names, which do not tell the category. Pictures lie in a
folder, or in one tar, which is then streamed from end to end once.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from harness.splits.base import Job, SplitRecipe
from harness.splits.placing import place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOO_FEW_TO_DRAW = 5  # categories with fewer pictures give their last ones

Record = dict[str, Any]


class Picture(NamedTuple):
    """One picture: its two records in the metadata, and where it lies in the raw data."""

    annotation: Record
    image: Record
    raw_name: str

    def renamed(self, key: str, id: object, name: str) -> Picture:
        """Return the picture under a new id and file name."""
        annotation = {**self.annotation, "image_id": id}
        return Picture(annotation, {**self.image, key: id, "file_name": name}, self.raw_name)


class TestSet(BaseModel):
    """The public test set: where its metadata and pictures go, and how the pictures are called.

    `name` is a pattern of `number` (from 0), `thousand` (number // 1000) and `name` (that of the raw file). With
    `renumber` the number becomes the id. `keeps` lists what of the metadata stays beside `images`; null: the file is
    the bare list of images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    metadata: str
    folder: str
    name: str
    renumber: bool = True
    keeps: tuple[str, ...] | None = ("info", "licenses")


class CocoCategories(SplitRecipe):
    """Draw a share of every category's pictures for the test set.

    `few: last` leaves a category's only picture in train and takes the last ones of fewer than five; `few: draw` draws
    from every category. `train_name` renames training pictures too: a pattern of `category`, `hundred` (category //
    100), `rest` (category % 100) and `number` (from 1 within the category); the id is the name without folder and
    ending. `images` is the folder (or the .tar.gz) that file names start from. `also` names further metadata that stay
    as they are, `with_pictures` whether the pictures they describe stay with the training pictures.
    """

    version: ClassVar[int] = 1
    recipe: Literal["coco_categories"]
    metadata: str
    encoding: str = "utf-8"
    images: str
    image_id: str = "id"
    test: float = Field(gt=0, lt=1)
    seed: int = Field(ge=0)
    few: Literal["last", "draw"] = "last"
    train_name: str | None = None
    test_images: TestSet
    also: tuple[str, ...] = ()
    with_pictures: bool = False

    def why_no_search_view(self) -> str | None:
        return "its pictures are divided by a metadata file that nests its labels"

    def apply(self, job: Job) -> None:
        described = json.loads((job.raw / self.metadata).read_text(encoding=self.encoding))
        train, test = self._divide(described)
        _write_json(job.public / self.metadata, {**described, **_lists(train)})
        _write_json(job.public / self.test_images.metadata, self._test_metadata(described, test))
        self._write_answers(job, test)
        others: list[str] = []
        for name in self.also:
            shutil.copyfile(job.raw / name, job.public / name)
            if self.with_pictures:
                images = json.loads((job.raw / name).read_text(encoding=self.encoding))["images"]
                others += [str(image["file_name"]) for image in images]
        pairs = {picture.raw_name: str(picture.image["file_name"]) for picture in train}
        pairs |= dict(zip(others, others, strict=True))
        test_pairs = {picture.raw_name: str(picture.image["file_name"]) for picture in test}
        (self._repack if self.images.endswith(".tar.gz") else self._place)(job, pairs, test_pairs)

    def _divide(self, described: Record) -> tuple[list[Picture], list[Picture]]:
        """Return the pictures of train, category after category, and of test, shuffled."""
        train: list[Picture] = []
        test: list[Picture] = []
        for category, pictures in self._categories(described).items():
            kept, taken = self._divide_category(pictures)
            train += kept if self.train_name is None else self._renamed(category, kept, self.train_name)
            test += taken
        random.Random(self.seed).shuffle(test)  # noqa: S311 - a split to be repeated, not a secret
        return train, [self._test_picture(number, picture) for number, picture in enumerate(test)]

    def _categories(self, described: Record) -> Mapping[int, list[Picture]]:
        categories: dict[int, list[Picture]] = {}
        for annotation, image in zip(described["annotations"], described["images"], strict=True):
            if annotation["image_id"] != image[self.image_id]:
                raise ValueError(f"{self.metadata}: annotations and images are not in the same order")
            categories.setdefault(annotation["category_id"], []).append(Picture(annotation, image, image["file_name"]))
        return categories

    def _divide_category(self, pictures: Sequence[Picture]) -> tuple[list[Picture], list[Picture]]:
        count = len(pictures)
        if self.few == "last" and count < TOO_FEW_TO_DRAW:
            taken = 0 if count == 1 else max(1, int(count * self.test))
            return list(pictures[: count - taken]), list(pictures[count - taken :])
        order, taken = _permutation(count, self.seed), math.ceil(count * self.test)
        return [pictures[place] for place in order[taken:]], [pictures[place] for place in order[:taken]]

    def _renamed(self, category: int, pictures: Sequence[Picture], pattern: str) -> list[Picture]:
        parts = {"category": category, "hundred": category // 100, "rest": category % 100}
        names = [pattern.format(**parts, number=number + 1) for number in range(len(pictures))]
        return [
            picture.renamed(self.image_id, PurePosixPath(name).stem, name)
            for picture, name in zip(pictures, names, strict=True)
        ]

    def _test_picture(self, number: int, picture: Picture) -> Picture:
        old = PurePosixPath(picture.raw_name).name
        name = self.test_images.name.format(number=number, thousand=number // 1000, name=old)
        id = str(number) if self.test_images.renumber else picture.image[self.image_id]
        return picture.renamed(self.image_id, id, name)

    def _test_metadata(self, described: Record, test: Sequence[Picture]) -> object:
        images = [picture.image for picture in test]
        if self.test_images.keeps is None:
            return images
        return {"images": images, **{name: described[name] for name in self.test_images.keeps}}

    def _write_answers(self, job: Job, test: Sequence[Picture]) -> None:
        import pandas as pd

        ids = [picture.image[self.image_id] for picture in test]
        (id_column,), (target,) = job.id_columns, job.sample
        answers = pd.DataFrame({id_column: ids, target: [picture.annotation["category_id"] for picture in test]})
        answers.to_csv(job.private / job.answers_file, index=False)
        job.write_sample(answers)

    def _place(self, job: Job, train: Mapping[str, str], test: Mapping[str, str]) -> None:
        for names, folder in ((train, self.images), (test, self.test_images.folder)):
            place((job.raw / self.images / old, job.public / folder / new) for old, new in names.items())

    def _repack(self, job: Job, train: Mapping[str, str], test: Mapping[str, str]) -> None:
        """Stream the raw tar into the two public ones, whose members lack the first folder; neither is compressed."""
        targets = {old: (self.images, new) for old, new in train.items()}
        targets |= {old: (self.test_images.folder, new) for old, new in test.items()}
        with (
            tarfile.open(job.raw / self.images, "r|*") as raw,
            tarfile.open(job.public / self.images, "w") as train_tar,
            tarfile.open(job.public / self.test_images.folder, "w") as test_tar,
        ):
            tars = {self.images: train_tar, self.test_images.folder: test_tar}
            _distribute(raw, tars, targets)


def _distribute(raw: tarfile.TarFile, tars: Mapping[str, tarfile.TarFile], targets: dict[str, tuple[str, str]]) -> None:
    for member in raw:
        name = member.name.removeprefix("./")
        if member.isfile() and name in targets:
            tar, new = targets.pop(name)
            info = tarfile.TarInfo(new.partition("/")[2])
            info.size = member.size
            tars[tar].addfile(info, raw.extractfile(member))
    if targets:
        raise ValueError(f"the raw pictures lack {next(iter(targets))}, which the metadata describe")


@cache
def _permutation(count: int, seed: int) -> NDArray[np.int64]:
    """Return scikit-learn's order for a shuffled split: the first ones are the test rows."""
    import numpy as np

    return np.random.RandomState(seed).permutation(count)


def _lists(pictures: Iterable[Picture]) -> Record:
    pairs = [(picture.annotation, picture.image) for picture in pictures]
    return {"annotations": [annotation for annotation, _ in pairs], "images": [image for _, image in pairs]}


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=4, sort_keys=True)
