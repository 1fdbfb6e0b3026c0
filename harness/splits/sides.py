"""Divides one labelled table into the rows of training and of test: at random, by groups, by time, or as released.

The draws are scikit-learn's `train_test_split`, so a seed gives the rows that others got who used it. What is written
of the rows is `written.py`'s affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from harness.splits.bytime import TimeDivision
from harness.splits.holding import Held, Mixing, at_random, classes, whole_groups
from harness.splits.sources import Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Sides:
    """The rows of both sides as they will be written; `raw_…` are the same rows before any renumbering.

    Files that go with rows are found by the raw names and placed under the new ones: both tables have one order.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    raw_train: pd.DataFrame
    raw_test: pd.DataFrame

    def of(self, side: Literal["train", "test", "all"]) -> pd.DataFrame:
        """Return the rows of one side, or of both: train first."""
        import pandas as pd

        return pd.concat([self.train, self.test]) if side == "all" else getattr(self, side)


class _Division(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def divide(self, table: pd.DataFrame, raw: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the train and the test rows."""
        raise NotImplementedError

    @property
    def mixing(self) -> Mixing:
        """How held-back rows stand among the test rows."""
        return "shuffled"

    def hold(self, train: pd.DataFrame, targets: Sequence[str]) -> Held:
        """Choose which of the train rows, whose targets have these names, are held back in a search view."""
        return at_random(len(train), classes(train, targets))


class Like(BaseModel):
    """As large a share as the named raw files have among all: the rows of a table, or the files of a pattern."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    like: str = Field(description="test.csv, or test/*.tif")

    def share(self, rows: int, raw: Path) -> float:
        others = len(list(raw.glob(self.like))) if "*" in self.like else len(Source(file=self.like).read(raw))
        return others / (rows + others)


class _Drawn(_Division):
    test: Annotated[float, Field(gt=0)] | Like = Field(description="below 1: a share; else a count")
    seed: int = Field(default=0, ge=0)

    def _draw(self, count: int, rows: int, raw: Path, strata: Any = None) -> tuple[Rows, Rows]:
        """Return which of `count` things are of train and of test, in the order drawn."""
        import numpy as np
        from sklearn.model_selection import train_test_split

        size = self.test.share(rows, raw) if isinstance(self.test, Like) else self.test
        test_size = size if size < 1 else int(size)
        train, test = train_test_split(np.arange(count), test_size=test_size, random_state=self.seed, stratify=strata)
        return train, test


class RandomDivision(_Drawn):
    """Rows at random; `stratify` keeps the shares of that column, `order: table` the rows' own order."""

    by: Literal["random"] = "random"
    stratify: str | None = None
    order: Literal["drawn", "table"] = "drawn"

    def divide(self, table: pd.DataFrame, raw: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        import numpy as np

        strata = None if self.stratify is None else table[self.stratify]
        sides = self._draw(len(table), len(table), raw, strata)
        train, test = (np.sort(side) for side in sides) if self.order == "table" else sides
        return table.iloc[train], table.iloc[test]

    @property
    def mixing(self) -> Mixing:
        return "table" if self.order == "table" else "shuffled"

    def hold(self, train: pd.DataFrame, targets: Sequence[str]) -> Held:
        return at_random(len(train), classes(train, targets) if self.stratify is None else train[self.stratify])


class GroupDivision(_Drawn):
    """Whole groups at random, so that no group falls on both sides; a share is one of groups.

    A group is the rows that agree in `column`, or in what `pattern` captures at its start. `listed` is the order in
    which groups are drawn from; `order: groups` writes them one after the other as drawn, else rows keep their order.
    """

    by: Literal["groups"]
    column: tuple[str, ...] = Field(min_length=1)
    pattern: str | None = None
    listed: Literal["sorted", "first seen"] = "sorted"
    order: Literal["groups", "table"] = "table"

    @field_validator("column", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def divide(self, table: pd.DataFrame, raw: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        codes = self.groups(table)
        train, test = self._draw(int(codes.max()) + 1, len(table), raw)
        return table.iloc[self._rows(codes, train)], table.iloc[self._rows(codes, test)]

    @property
    def mixing(self) -> Mixing:
        return "table" if self.order == "table" else "groups"

    def hold(self, train: pd.DataFrame, targets: Sequence[str]) -> Held:
        return whole_groups(self.groups(train))

    def groups(self, table: pd.DataFrame) -> Rows:
        """Return the number of each row's group."""
        import numpy as np

        keys: Any = [table[name] for name in self.column]
        if self.pattern is not None:
            keys = [key.astype(str).str.extract(f"^(?:{self.pattern})", expand=False) for key in keys]
            if any(key.isna().any() for key in keys):
                raise ValueError(f"pattern {self.pattern!r} does not match every {self.column[0]!r}")
        numbers = table.groupby(keys, sort=self.listed == "sorted", dropna=False).ngroup()
        codes: Rows = np.asarray(numbers)
        return codes

    def _rows(self, codes: Rows, chosen: Rows) -> Rows:
        import numpy as np

        place = np.full(codes.max() + 1, -1)
        place[chosen] = np.arange(len(chosen))
        rows: Rows = np.flatnonzero(place[codes] >= 0)
        return rows if self.order == "table" else rows[np.argsort(place[codes[rows]], kind="stable")]


class GivenDivision(_Division):
    """No draw: the test rows are a raw table of their own, whose labels were released."""

    by: Literal["given"]
    test: Source

    @field_validator("test", mode="before")
    @classmethod
    def _file_alone(cls, value: object) -> object:
        return {"file": value} if isinstance(value, str) else value

    def divide(self, table: pd.DataFrame, raw: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        return table, self.test.read(raw)


Division = Annotated[RandomDivision | GroupDivision | TimeDivision | GivenDivision, Field(discriminator="by")]


class Renumbering(BaseModel):
    """New names for the values of a column: numbers in the order of first appearance, on each side from `start`.

    `test_goes_on` counts test rows on from the last of train. `train` and `test` put the number into a text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    start: int = 0
    test_goes_on: bool = False
    train: str | None = Field(default=None, examples=["Train_{}"])
    test: str | None = Field(default=None, examples=["Test_{}"])

    def apply(self, column: str, sides: Sides) -> Sides:
        train, seen = _renumbered(sides.train, column, self.start, self.train)
        start = self.start + seen if self.test_goes_on else self.start
        test, _ = _renumbered(sides.test, column, start, self.test)
        return replace(sides, train=train, test=test)


def _renumbered(table: pd.DataFrame, column: str, start: int, form: str | None) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    codes, distinct = pd.factorize(table[column])
    values = codes + start if form is None else [form.format(code + start) for code in codes]
    return table.assign(**{column: values}), len(distinct)
