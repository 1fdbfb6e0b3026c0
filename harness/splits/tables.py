"""Splits of one labelled table: rows at random, or whole groups of rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator

from harness.splits.base import PICK_TRUTH, PUBLIC_IDS, SEARCH_TRUTH, VIEW_IDS, Job, SplitRecipe
from harness.splits.csv_bytes import Lines, write_csv
from harness.splits.holding import Held, Mixing, at_random, classes, mixed, whole_groups

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]


class _TableSplit(SplitRecipe):
    """One labelled CSV becomes train, test without its targets, and answers with all columns."""

    source: str = "train.csv"
    target: tuple[str, ...] = Field(min_length=1, description="columns that test rows lose")
    train_file: str = "train.csv"
    test_file: str = "test.csv"
    seed: int = Field(ge=0)
    test: float = Field(gt=0, description="below 1: a share; else a count")
    mixing: ClassVar[Mixing]

    @field_validator("target", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def test_size(self) -> float | int:
        return self.test if self.test < 1 else int(self.test)

    def apply(self, job: Job) -> None:
        table = self._table(job)
        train_rows, test_rows = self.divide(table)
        lines = Lines(table)
        self._write_public(job, table, lines, train_rows, test_rows)
        lines.write(job.private / job.answers_file, test_rows)

    def why_no_search_view(self) -> str | None:
        return None

    def apply_held_back(self, job: Job) -> None:
        import numpy as np

        table = self._table(job)
        train_rows, test_rows = self.divide(table)
        held = self.hold(table.iloc[train_rows])
        search, pick = train_rows[held.search], train_rows[held.pick]
        rows = np.concatenate([test_rows, search, pick])
        mixture = mixed(len(test_rows), held, self.mixing, rows)
        lines, shown = Lines(table), rows[mixture.order]
        self._write_public(job, table, lines, train_rows[held.kept], shown)
        lines.write(job.private / SEARCH_TRUTH, shown[mixture.search])
        lines.write(job.private / PICK_TRUTH, shown[mixture.pick])
        for name in (VIEW_IDS, PUBLIC_IDS):
            write_csv(table.iloc[test_rows][list(job.id_columns)], job.private / name)

    def _table(self, job: Job) -> pd.DataFrame:
        import pandas as pd

        table = pd.read_csv(job.raw / self.source)
        wanted = [*job.id_columns, *self.target]
        if missing := [name for name in wanted if name not in table.columns]:
            raise ValueError(f"{self.source} lacks the column {missing[0]!r}; it has {', '.join(table.columns[:20])}")
        return table

    def _write_public(self, job: Job, table: pd.DataFrame, lines: Lines, train_rows: Rows, test_rows: Rows) -> None:
        lines.write(job.public / self.train_file, train_rows)
        test = table.iloc[test_rows]
        write_csv(test.drop(columns=list(self.target)), job.public / self.test_file)
        job.write_sample(test)

    def divide(self, table: pd.DataFrame) -> tuple[Rows, Rows]:
        """Return the places of the train and of the test rows, in the order in which they are written."""
        raise NotImplementedError

    def hold(self, train: pd.DataFrame) -> Held:
        """Choose which of the train rows are held back in a search view."""
        raise NotImplementedError


class RandomRows(_TableSplit):
    """Rows at random, by scikit-learn's train_test_split; `stratify` keeps the shares of that column."""

    version: ClassVar[int] = 1
    mixing: ClassVar[Mixing] = "shuffled"
    recipe: Literal["random_rows"]
    stratify: str | None = None

    def divide(self, table: pd.DataFrame) -> tuple[Rows, Rows]:
        import numpy as np
        from sklearn.model_selection import train_test_split

        strata = None if self.stratify is None else table[self.stratify]
        places = np.arange(len(table))
        train, test = train_test_split(places, test_size=self.test_size, random_state=self.seed, stratify=strata)
        return train, test

    def hold(self, train: pd.DataFrame) -> Held:
        return at_random(len(train), classes(train, self.target) if self.stratify is None else train[self.stratify])


class GroupedRows(_TableSplit):
    """Whole groups at random, so that no group falls on both sides.

    The group is a column's value, or the first group of `pattern` matched at the start of it.
    """

    version: ClassVar[int] = 1
    mixing: ClassVar[Mixing] = "table"
    recipe: Literal["grouped_rows"]
    group: str
    pattern: str | None = None

    def divide(self, table: pd.DataFrame) -> tuple[Rows, Rows]:
        from sklearn.model_selection import GroupShuffleSplit

        splitter = GroupShuffleSplit(n_splits=1, test_size=self.test_size, random_state=self.seed)
        train, test = next(splitter.split(table, groups=self._groups(table[self.group])))
        return train, test

    def hold(self, train: pd.DataFrame) -> Held:
        return whole_groups(self._groups(train[self.group]))

    def _groups(self, column: pd.Series) -> Rows:
        """Return each row's group as its number among the sorted names: every name is made and matched once."""
        import pandas as pd

        places, values = pd.factorize(column, use_na_sentinel=False)
        names = pd.Series(values).astype(str).fillna("nan")
        if self.pattern is not None:
            matched = map(re.compile(self.pattern).match, names.to_numpy(object).tolist())
            names = pd.Series([None if match is None else match[1] for match in matched], dtype=str)
            if names.isna().any():
                raise ValueError(f"pattern {self.pattern!r} does not match every {self.group!r}")
        numbers, _ = pd.factorize(names, sort=True)
        return numbers[places]
