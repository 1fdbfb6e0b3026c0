"""No split: train and test are what the user has, and nobody knows the test rows' labels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from harness.splits.base import Job, SplitRecipe
from harness.splits.placing import place


class AsGiven(SplitRecipe):
    """All raw files are public as they are; the sample submission is made of the ids in `test`, or one of the files."""

    version: ClassVar[int] = 1
    recipe: Literal["as_given"]
    test: str = "test.csv"

    def why_no_search_view(self) -> str | None:
        return "its files are shown as they were given"

    def apply(self, job: Job) -> None:
        import pandas as pd

        place([(path, job.public / name) for name, path in _files(job.raw)], track=job.track)
        if not (job.public / job.sample_file).exists():
            test = pd.read_csv(job.raw / self.test, dtype=dict.fromkeys(job.id_columns, "str"), keep_default_na=False)
            if missing := [name for name in job.id_columns if name not in test.columns]:
                raise ValueError(f"{self.test} lacks the id column {missing[0]!r}")
            job.write_sample(test)


def _files(raw: Path) -> Iterator[tuple[Path, Path]]:
    """Yield every raw file by its name; raw entries are links, what lies below them is taken where it lies."""
    for root, folders, names in os.walk(raw):
        here = Path(root)
        for name in names:
            yield (here / name).relative_to(raw), here / name
        for name in folders:
            if (here / name).is_symlink():
                target = (here / name).resolve()
                for below, _, inner in os.walk(target):
                    for path in (Path(below, one) for one in inner):
                        yield (here / name).relative_to(raw) / path.relative_to(target), path
