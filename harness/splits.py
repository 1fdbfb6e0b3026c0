"""The ways of making public and private data from raw data, each a recipe that a spec names with its parameters.

A recipe writes the public files, the answers and the sample submission; it decides nothing else: where raw data comes
from, atomicity and checksums are `prepare.py`'s. A recipe's `version` is part of what prepared data depend on: raise it
whenever the bytes that it writes change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Job:
    """What a recipe works on: folders to read and write, and what the spec says of the submission."""

    raw: Path
    public: Path
    private: Path
    id_columns: tuple[str, ...]
    sample: Mapping[str, Any]  # constant of each predicted column in the sample submission
    sample_file: str
    answers_file: str


class SplitRecipe(BaseModel):
    """Parameters of one recipe; `apply` writes the files and raises ValueError when the raw data do not fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: ClassVar[int]

    def apply(self, job: Job) -> None:
        raise NotImplementedError


class _TableSplit(SplitRecipe):
    """One labelled CSV becomes train, test without its targets, and answers with all columns."""

    source: str = "train.csv"
    target: tuple[str, ...] = Field(min_length=1, description="columns that test rows lose")
    train_file: str = "train.csv"
    test_file: str = "test.csv"
    seed: int = Field(ge=0)
    test: float = Field(gt=0, description="below 1: a share; else a count")

    @field_validator("target", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @property
    def test_size(self) -> float | int:
        return self.test if self.test < 1 else int(self.test)

    def apply(self, job: Job) -> None:
        import pandas as pd

        table = pd.read_csv(job.raw / self.source)
        wanted = [*job.id_columns, *self.target]
        if missing := [name for name in wanted if name not in table.columns]:
            raise ValueError(f"{self.source} lacks the column {missing[0]!r}; it has {', '.join(table.columns[:20])}")
        train, test = self.divide(table)
        train.to_csv(job.public / self.train_file, index=False)
        test.drop(columns=list(self.target)).to_csv(job.public / self.test_file, index=False)
        test.to_csv(job.private / job.answers_file, index=False)
        write_sample(test, job)

    def divide(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the train and the test rows."""
        raise NotImplementedError


class RandomRows(_TableSplit):
    """Rows at random, by scikit-learn's train_test_split; `stratify` keeps the shares of that column."""

    version: ClassVar[int] = 1
    recipe: Literal["random_rows"]
    stratify: str | None = None

    def divide(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        from sklearn.model_selection import train_test_split

        strata = None if self.stratify is None else table[self.stratify]
        train, test = train_test_split(table, test_size=self.test_size, random_state=self.seed, stratify=strata)
        return train, test


class GroupedRows(_TableSplit):
    """Whole groups at random, so that no group falls on both sides.

    The group is a column's value, or the first group of `pattern` matched at the start of it.
    """

    version: ClassVar[int] = 1
    recipe: Literal["grouped_rows"]
    group: str
    pattern: str | None = None

    def divide(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        from sklearn.model_selection import GroupShuffleSplit

        groups = table[self.group].astype(str)
        if self.pattern is not None:
            groups = groups.str.extract(f"^(?:{self.pattern})", expand=False)
            if groups.isna().any():
                raise ValueError(f"pattern {self.pattern!r} does not match every {self.group!r}")
        splitter = GroupShuffleSplit(n_splits=1, test_size=self.test_size, random_state=self.seed)
        train, test = next(splitter.split(table, groups=groups))
        return table.iloc[train], table.iloc[test]


Split = Annotated[RandomRows | GroupedRows, Field(discriminator="recipe")]


def write_sample(test: pd.DataFrame, job: Job) -> None:
    """Write the sample submission: the test rows' ids, and the spec's constant in each predicted column."""
    sample = test[list(job.id_columns)].assign(**dict(job.sample))
    sample.to_csv(job.public / job.sample_file, index=False)
