"""The split of one labelled table, with files of any names and columns made of its two sides.

A spec says it from top to bottom: the table, how its rows are divided, what is renumbered, which public files are
written, and, where they differ from the usual, the answers (all columns of the test rows) and the sample submission
(the test rows' ids and the spec's constants).
"""

from __future__ import annotations

import shutil
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.splits.base import PICK_TRUTH, PUBLIC_IDS, SEARCH_TRUTH, VIEW_IDS, Job, SplitRecipe
from harness.splits.held_sides import hold_back
from harness.splits.listing import FileList
from harness.splits.media import Media
from harness.splits.sides import Division, Renumbering, Sides
from harness.splits.sources import Source
from harness.splits.written import Style, Written

_ANSWERS = Written(rows="test")
_SAMPLE = Written(rows="test")


class Rows(SplitRecipe):
    """Divide a table's rows and write what the spec lists.

    `private` lists files beside the answers. `media` are files that go with rows, such as an image each.
    """

    version: ClassVar[int] = 1
    recipe: Literal["rows"]
    table: Source | FileList | None = Field(default=None, description="not needed where the test rows are given")
    divide: Division
    renumber: dict[str, Renumbering] = Field(default_factory=dict)
    write: dict[str, Written]
    answers: Written = _ANSWERS
    private: dict[str, Written] = Field(default_factory=dict)
    sample: Written = _SAMPLE
    media: tuple[Media, ...] = ()
    style: Style = Style()

    @model_validator(mode="after")
    def _has_rows_to_divide(self) -> Rows:
        if self.table is None and self.divide.by != "given":
            raise ValueError("name the table whose rows are divided")
        return self

    def apply(self, job: Job) -> None:
        sides = self.sides(job)
        self._write_public(job, sides)
        for name, written in {job.answers_file: self.answers, **self.private}.items():
            self._write(job, sides, written, name, private=True)

    def why_no_search_view(self) -> str | None:
        if self.table is None:
            return "its training table is a raw file that is taken as it is"
        return None

    def apply_held_back(self, job: Job) -> None:
        sides = self.sides(job)
        parts = hold_back(self.divide, sides, self.renumber, tuple(job.sample))
        # What comes from a raw table of its own has test rows only: then as usual, of the rows that there are.
        answers = self.answers if self.answers.table is None else _ANSWERS
        own = self if self.sample.table is None else self.model_copy(update={"sample": _SAMPLE})
        own._write_public(job, parts.view)
        for name, part in ((SEARCH_TRUTH, parts.search), (PICK_TRUTH, parts.pick)):
            self._write(job, part, answers, name, private=True)
        for name, rows in ((VIEW_IDS, parts.test), (PUBLIC_IDS, sides)):
            table = own._sample(job).make(rows, job.raw, job.id_columns, tuple(job.sample))
            self.style.write(table[list(job.id_columns)], job.private / name)

    def sides(self, job: Job) -> Sides:
        """Return the rows of both sides."""
        import pandas as pd

        table = pd.DataFrame() if self.table is None else self.table.read(job.raw)
        train, test = self.divide.divide(table, job.raw)
        sides = Sides(train, test, train, test)
        for column, renumbering in self.renumber.items():
            sides = renumbering.apply(column, sides)
        return sides

    def _write_public(self, job: Job, sides: Sides) -> None:
        for name, written in self.write.items():
            self._write(job, sides, written, name)
        self._write_sample(job, sides)
        for media in self.media:
            media.place(job, sides)

    def _write(self, job: Job, sides: Sides, written: Written, name: str, *, private: bool = False) -> None:
        path = (job.private if private else job.public) / name
        if written.copy_of is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(job.raw / written.copy_of, path)
            return
        self.style.write(written.make(sides, job.raw, job.id_columns, tuple(job.sample)), path)

    def _write_sample(self, job: Job, sides: Sides) -> None:
        """Write the sample submission, and once more plain when the public one is packed."""
        table = self._sample(job).make(sides, job.raw, job.id_columns, tuple(job.sample))
        self.style.write(table, job.public / job.sample_file)
        if job.sample_file.endswith(".zip"):
            self.style.write(table, job.plain_sample)

    def _sample(self, job: Job) -> Written:
        usual: dict[str, Any] = {"columns": job.id_columns} if self.sample.columns is None else {}
        usual |= {"set": dict(job.sample)} if self.sample.set is None else {}
        return self.sample.model_copy(update=usual)
