"""The kinds of column that a submission may have, as a spec declares them.

A declaration only says what is allowed; `cells.py` does the reading. Kinds are told apart by `type`, so a new kind
is a new class here, one member of `Column`, and its reader there.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, field_validator, model_validator

LARGEST_NUMBER = 1e100  # squares and sums of this still fit a double, so no metric overflows on a submission


class _Column(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TextColumn(_Column):
    """Any text, taken exactly as written."""

    type: Literal["text"]
    sample: str = ""


class IntegerColumn(_Column):
    """Whole numbers; `7.0` is read as 7, as a table library would."""

    type: Literal["integer"]
    minimum: int | None = None
    maximum: int | None = None
    sample: int = 0


class NumberColumn(_Column):
    """Finite numbers, within the stated range."""

    type: Literal["number"]
    minimum: float = -LARGEST_NUMBER
    maximum: float = LARGEST_NUMBER
    sample: int | float = 0.0


class BooleanColumn(_Column):
    """True/False as pandas reads them (True, TRUE, true …), or 1/0 throughout the column."""

    type: Literal["boolean"]
    sample: bool = False


class LabelColumn(_Column):
    """One of the listed labels: all text or all whole numbers."""

    type: Literal["label"]
    labels: tuple[StrictInt, ...] | tuple[StrictStr, ...] = Field(min_length=2)
    sample: int | str | None = None

    @model_validator(mode="after")
    def _labels_differ(self) -> LabelColumn:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels repeat")
        if self.sample is not None and self.sample not in self.labels:
            raise ValueError(f"sample {self.sample!r} is not one of the labels")
        return self


class RleColumn(_Column):
    """A mask as run-length pairs, `start length start length …`: starts from 1, in order, no run over another.

    The value stays text. `empty` is how a mask without a pixel is written, null where every mask must have some;
    `blank` lets an empty value pass beside `-`.
    """

    type: Literal["rle"]
    pixels: int | None = Field(default=None, gt=0, description="no run ends behind this one")
    empty: Literal["", "-"] | None = ""
    blank: bool = False
    sample: str = ""

    @property
    def spellings_of_nothing(self) -> tuple[str, ...]:
        return (*(() if self.empty is None else (self.empty,)), *(("",) if self.blank else ()))


ListItem = Annotated[TextColumn | IntegerColumn | NumberColumn | LabelColumn, Field(discriminator="type")]


class ListColumn(_Column):
    """Several items in one value, which stays text; a blank (the default separator) may be repeated.

    `items` says what an item is, by a type's name or by a declaration like a column's, with range or labels; several
    declarations take turns, as in `[label, number, number, number, number]` for boxes. A value without items passes
    with `least: 0`.
    """

    type: Literal["list"]
    separator: str = Field(default=" ", min_length=1)
    items: tuple[ListItem, ...] = Field(default=(TextColumn(type="text"),), min_length=1)
    least: int = Field(default=1, ge=0)
    most: int | None = Field(default=None, ge=1)
    multiple_of: int = Field(default=1, ge=1, description="the number of items is a multiple of this")
    unique: bool = Field(default=False, description="no item twice in one value")
    sample: str = ""

    @field_validator("items", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        items = value if isinstance(value, (list, tuple)) else [value]
        return [{"type": item} if isinstance(item, str) else item for item in items]

    @property
    def groups_of(self) -> int:
        """The number of items is a multiple of this one."""
        return math.lcm(self.multiple_of, len(self.items))


Column = Annotated[
    TextColumn | IntegerColumn | NumberColumn | BooleanColumn | LabelColumn | RleColumn | ListColumn,
    Field(discriminator="type"),
]


def sample_value(column: Column) -> object:
    """Return the constant that the sample submission holds in this column."""
    if isinstance(column, LabelColumn) and column.sample is None:
        return column.labels[0]
    return column.sample
