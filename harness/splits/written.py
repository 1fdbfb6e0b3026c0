"""One prepared file as a spec declares it: which rows, which columns, what is added, and how it is put on disk.

The bytes are those of pandas' `to_csv`, whose conventions the projects that published such splits follow.
"""

from __future__ import annotations

import csv
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from harness.splits.csv_bytes import write_csv
from harness.splits.placing import pack_zip
from harness.splits.sides import Sides
from harness.splits.sources import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


class Draws(BaseModel):
    """Whole numbers at random, both ends included: NumPy's RandomState of that seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    integers: tuple[int, int]
    seed: int

    def draw(self, rows: int) -> Any:
        import numpy as np

        low, high = self.integers
        return np.random.RandomState(self.seed).randint(low, high + 1, size=rows)


class UniformDraws(BaseModel):
    """Numbers at random, rounded: NumPy's default generator of that seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    uniform: tuple[float, float]
    decimals: int
    seed: int

    def draw(self, rows: int) -> Any:
        import numpy as np

        return np.random.default_rng(self.seed).uniform(*self.uniform, rows).round(self.decimals)


Constant = StrictBool | StrictInt | StrictFloat | StrictStr


class Style(BaseModel):
    """How numbers and texts are put into all files of one split."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    float_format: str | None = None
    quote: Literal["minimal", "nonnumeric"] = "minimal"

    def write(self, table: pd.DataFrame, path: Path) -> None:
        """Write CSV, or TSV by the name; a name that ends in .zip holds the file under the name without it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        plain = path.with_suffix("") if path.suffix == ".zip" else path
        separator = "\t" if plain.suffix == ".tsv" else ","
        if self.float_format is None and self.quote == "minimal":
            write_csv(table, plain, separator=separator)
        else:
            quoting: Any = csv.QUOTE_NONNUMERIC if self.quote == "nonnumeric" else csv.QUOTE_MINIMAL
            table.to_csv(plain, index=False, sep=separator, quoting=quoting, float_format=self.float_format)
        if plain != path:
            pack_zip(path, [(plain, plain.name)])
            plain.unlink()


class Written(BaseModel):
    """A file made of one side's rows, of another raw table's, or a raw file as it is.

    In this order: `add` makes columns out of others, `one_hot` one column for each class, `columns` or `drop` choose,
    `set` fills columns with a constant or with draws, `rename` renames.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    rows: Literal["train", "test", "all"] | None = None
    copy_of: str | None = Field(default=None, description="a raw file, taken byte for byte")
    table: Source | None = Field(default=None, description="rows of another raw table")
    where: str | None = Field(default=None, description="only those whose value here occurs among `rows`")
    add: dict[str, str] = Field(default={}, examples=[{"id": "{sentence}_{token}"}])
    one_hot: str | None = Field(default=None, description="ids, and 1 in the predicted column of this one's class")
    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    set: dict[str, Draws | UniformDraws | Constant] | None = None
    rename: dict[str, str] = {}
    row_numbers: bool = Field(default=False, description="first, without a name: the rows' places in the raw table")

    @model_validator(mode="after")
    def _has_one_source(self) -> Written:
        if self.columns is not None and self.drop:
            raise ValueError("columns and drop exclude each other")
        if self.where is not None and (self.table is None or self.rows is None):
            raise ValueError("where compares a table with one side's rows: name both")
        if self.copy_of is not None and self.model_fields_set != {"copy_of"}:
            raise ValueError("a copy is taken as it is: nothing else can be said of it")
        return self

    def make(self, sides: Sides, raw: Path, ids: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
        """Return the table to be written."""
        made = self._taken(sides, raw)
        for name, form in self.add.items():
            made = made.assign(**{name: _composed(made, form)})
        if self.one_hot is not None:
            made = _one_hot(made, self.one_hot, ids, classes)
        _refuse_missing(made, [*(self.columns or ()), *self.drop])
        made = made[list(self.columns)] if self.columns is not None else made.drop(columns=list(self.drop))
        made = _with(made, self.set or {}).rename(columns=self.rename)
        if self.row_numbers:
            made.insert(0, "", made.index)
        return made

    def _taken(self, sides: Sides, raw: Path) -> pd.DataFrame:
        if self.table is None:
            return sides.of(self.rows or "test")
        table = self.table.read(raw)
        if self.where is None or self.rows is None:
            return table
        return table[table[self.where].isin(sides.of(self.rows)[self.where])]


def _with(table: pd.DataFrame, values: Mapping[str, Draws | UniformDraws | Constant]) -> pd.DataFrame:
    """Fill columns; new ones come behind the others, all at once, since pandas warns of a hundred single insertions."""
    import pandas as pd

    random = (Draws, UniformDraws)
    drawn = {name: value.draw(len(table)) if isinstance(value, random) else value for name, value in values.items()}
    old = {name: value for name, value in drawn.items() if name in table.columns}
    new = {name: value for name, value in drawn.items() if name not in old}
    table = table.assign(**old)
    return pd.concat([table, pd.DataFrame(new, index=table.index)], axis=1) if new else table


def _refuse_missing(table: pd.DataFrame, names: Sequence[str]) -> None:
    if missing := [name for name in names if name not in table.columns]:
        raise ValueError(f"the table lacks the column {missing[0]!r}; it has {', '.join(map(str, table.columns[:20]))}")


def _composed(table: pd.DataFrame, form: str) -> pd.Series:
    """Put columns into a text, as `{sentence}_{token}`, all rows at once."""
    import pandas as pd

    text = pd.Series("", index=table.index)
    for before, name, _, _ in string.Formatter().parse(form):
        text = text + before
        if name is not None:
            _refuse_missing(table, [name])
            text = text + table[name].astype(str)
    return text


def _one_hot(table: pd.DataFrame, column: str, ids: Sequence[str], classes: Sequence[str]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    _refuse_missing(table, [*ids, column])
    place = pd.Index(classes).get_indexer(pd.Index(table[column].astype(str)))
    if (place < 0).any():
        raise ValueError(f"{column!r} holds {table[column].iloc[int(place.argmin())]!r}, which is no predicted column")
    hot = np.zeros((len(table), len(classes)), dtype=np.int64)
    hot[np.arange(len(table)), place] = 1
    return pd.concat([table[list(ids)], pd.DataFrame(hot, index=table.index, columns=list(classes))], axis=1)
