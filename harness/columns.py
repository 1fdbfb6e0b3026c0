"""The kinds of column that a submission may have, as a spec declares them.

A declaration only says what is allowed; `submission.py` does the reading. Kinds are told apart by `type`, so a new kind
is a new class here, one member of `Column`, and its reader there.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

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
    sample: float = 0.0


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


Column = Annotated[TextColumn | IntegerColumn | NumberColumn | BooleanColumn | LabelColumn, Field(discriminator="type")]


def sample_value(column: Column) -> object:
    """Return the constant that the sample submission holds in this column."""
    if isinstance(column, LabelColumn) and column.sample is None:
        return column.labels[0]
    return column.sample
