"""Synthetic tables: how each column is drawn, as a spec declares it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, field_validator, model_validator

from harness.standin.column import ColumnRecipe as _Recipe
from harness.standin.column import Drawn, Values
from harness.standin.prose import Prose
from harness.standin.series import Cycle, Times

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


class Sequence(_Recipe):
    """Ids one after the other: `start`, `start + 1`, … put into `format`, or plain integers without one."""

    kind: Literal["sequence"]
    start: int = 0
    format: str | None = None

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        numbers = np.arange(self.start, self.start + rows)
        return numbers if self.format is None else _texts(self.format.format(number) for number in numbers)


class Grouped(_Recipe):
    """Ids of members in groups: `format` takes `group` and `member`, both from 1; sizes are geometric."""

    kind: Literal["grouped"]
    format: str
    mean_size: float = Field(gt=1)

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        ids: list[str] = []
        group = 0
        while len(ids) < rows:
            group += 1
            size = int(rng.geometric(1 / self.mean_size))
            ids += [self.format.format(group=group, member=member + 1) for member in range(size)]
        return _texts(ids[:rows])


class Code(_Recipe):
    """Ids that differ and mean nothing: random signs."""

    kind: Literal["code"]
    length: int = Field(default=16, ge=4)
    signs: str = "0123456789abcdef"
    format: str = "{}"

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        codes: dict[str, None] = {}
        while len(codes) < rows:
            code = "".join(self.signs[sign] for sign in rng.integers(0, len(self.signs), self.length))
            codes[self.format.format(code)] = None
        return _texts(codes)


class Moment(_Recipe):
    """Points in time, to the second, between `start` and `days` later."""

    kind: Literal["moment"]
    start: date
    days: int = Field(gt=0)
    format: str = "%Y-%m-%d %H:%M:%S"

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        first = datetime.combine(self.start, time())
        seconds = rng.integers(0, self.days * 86400, rows)
        return _texts((first + timedelta(seconds=int(second))).strftime(self.format) for second in seconds)


class Category(_Recipe):
    """One of several values, each with its share."""

    kind: Literal["category"]
    values: dict[str, float] = Field(min_length=1)

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        weights = np.array(list(self.values.values()))
        return _texts(list(self.values), rng.choice(len(weights), rows, p=weights / weights.sum()))


class Flag(_Recipe):
    """True or False, or 1 and 0."""

    kind: Literal["flag"]
    share: float = Field(ge=0, le=1, description="of True")
    integer: bool = False

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        flags = rng.random(rows) < self.share
        return flags.astype(int) if self.integer else flags


class Indicator(_Recipe):
    """1 where another column has one of these values, else 0: the columns of a one-hot label."""

    kind: Literal["indicator"]
    of: str
    values: tuple[str | int | bool, ...]

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        texts = {str(value) for value in self.values}
        return np.array([int(str(value) in texts) for value in drawn[self.of]])


class Number(_Recipe):
    """Numbers: normal, or log-normal with a share of zeros; cut to the range and rounded."""

    kind: Literal["number"]
    distribution: Literal["normal", "lognormal", "uniform"] = "normal"
    mean: float = 0
    spread: float = Field(default=1, gt=0)
    minimum: float | None = None
    maximum: float | None = None
    zeros: float = Field(default=0, ge=0, lt=1)
    zero_where: str | None = Field(default=None, description="a flag column drawn before; its True rows are 0")
    decimals: int | None = None
    integer: bool = False

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        numbers = np.clip(self._drawn(rows, rng), self.minimum, self.maximum)
        if self.decimals is not None:
            numbers = np.round(numbers, self.decimals)
        numbers[rng.random(rows) < self.zeros] = 0
        if self.zero_where is not None:
            numbers[np.asarray(drawn[self.zero_where], dtype=bool)] = 0
        return numbers.astype(np.int64) if self.integer else numbers

    def _drawn(self, rows: int, rng: np.random.Generator) -> Values:
        match self.distribution:
            case "normal":
                return rng.normal(self.mean, self.spread, rows)
            case "lognormal":
                return rng.lognormal(self.mean, self.spread, rows)
            case "uniform":
                return rng.uniform(self.mean - self.spread, self.mean + self.spread, rows)


class Composed(_Recipe):
    """Text put together from parts that are drawn for each row, as `{deck}/{number}/{side}`, or earlier columns."""

    kind: Literal["composed"]
    format: str
    parts: dict[str, Annotated[Category | Number, Field(discriminator="kind")]] = Field(default_factory=dict)

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        columns = {**drawn, **{name: part.draw(rows, rng, drawn) for name, part in self.parts.items()}}
        return _texts(self.format.format(**{name: columns[name][row] for name in columns}) for row in range(rows))


class Words(_Recipe):
    """Made-up words of alternating consonants and vowels, `count` to a row."""

    kind: Literal["words"]
    count: int = Field(default=2, ge=1)
    capital: bool = True

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        syllables = rng.integers(0, 20, (rows, self.count, 3)), rng.integers(0, 5, (rows, self.count, 3))
        words = [
            [
                "".join("bcdfghjklmnprstvwxyz"[c] + "aeiou"[v] for c, v in zip(*pair, strict=True))
                for pair in zip(*row, strict=True)
            ]
            for row in zip(*syllables, strict=True)
        ]
        return _texts(" ".join(word.capitalize() if self.capital else word for word in row) for row in words)


class Target(_Recipe):
    """What is to be predicted: a noisy sum over earlier columns, as classes or as a number.

    `weights` names a number or flag column, or `column=value` for one value of a category; numbers count as how far
    they lie from their mean in standard deviations, after log1p when skewed. `noise` is the share of the variance that
    nothing explains.
    """

    kind: Literal["target"]
    weights: dict[str, float] = Field(min_length=1)
    noise: float = Field(default=0.3, ge=0, lt=1)
    classes: tuple[StrictBool, ...] | tuple[StrictInt, ...] | tuple[StrictStr, ...] | None = None
    shares: tuple[float, ...] | None = Field(default=None, description="of the classes; else equal ones")
    mean: float = 0
    spread: float = 1
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        signal = sum((weight * _standardised(name, drawn) for name, weight in self.weights.items()), np.zeros(rows))
        signal = signal / (signal.std() or 1)
        level = math.sqrt(1 - self.noise) * signal + math.sqrt(self.noise) * rng.normal(size=rows)
        if self.classes is None:
            numbers = self.mean + self.spread * level
            if self.minimum is not None or self.maximum is not None:
                numbers = np.clip(numbers, self.minimum, self.maximum)
            return numbers if self.decimals is None else np.round(numbers, self.decimals)
        shares = np.cumsum(self.shares or [1] * len(self.classes))
        edges = np.quantile(level, shares[:-1] / shares[-1])
        which = np.searchsorted(edges, level)
        return np.array(self.classes, dtype=object)[which]


Generator = Annotated[
    Sequence
    | Times
    | Cycle
    | Grouped
    | Code
    | Moment
    | Category
    | Flag
    | Indicator
    | Number
    | Composed
    | Words
    | Prose
    | Target,
    Field(discriminator="kind"),
]
_RUN = re.compile(r"\{(\d+)\.\.(\d+)\}")


class StandInTable(BaseModel):
    """One CSV: how many rows, and how each column is drawn, in order.

    `Soil_Type{1..40}` stands for forty columns. `order` names the file's columns where they are not simply those drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    rows: int = Field(ge=10)
    columns: dict[str, Generator] = Field(min_length=2)
    order: tuple[str, ...] | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _runs_are_spelt_out(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: column for key, column in value.items() for name in _spelt_out(str(key))}

    @field_validator("order", mode="before")
    @classmethod
    def _runs_in_order_too(cls, value: object) -> object:
        if not isinstance(value, (list, tuple)):
            return value
        return [name for key in value for name in _spelt_out(str(key))]

    @model_validator(mode="after")
    def _columns_refer_backwards(self) -> StandInTable:
        before: set[str] = set()
        for name, column in self.columns.items():
            if unknown := [other for other in _used(column) if other not in before]:
                raise ValueError(f"column {name!r} uses {unknown[0]!r}, which is not drawn before it")
            before.add(name)
        if unknown := [name for name in self.order or () if name not in before]:
            raise ValueError(f"order names {unknown[0]!r}, which is not drawn")
        return self

    def draw(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the table; gaps are made last, so that what depends on a column sees it whole."""
        import pandas as pd

        drawn: dict[str, Values] = {}
        for name, column in self.columns.items():
            drawn[name] = column.draw(self.rows, rng, drawn)
        table = pd.DataFrame({name: pd.Series(values) for name, values in drawn.items()})
        for name, column in self.columns.items():
            if column.missing:
                table[name] = table[name].astype(object).mask(rng.random(self.rows) < column.missing)
        return table if self.order is None else table[list(self.order)]


def _spelt_out(name: str) -> list[str]:
    """Return the columns that a name with a run such as `{1..40}` stands for."""
    run = _RUN.search(name)
    if run is None:
        return [name]
    return [_RUN.sub(str(number), name) for number in range(int(run[1]), int(run[2]) + 1)]


def _used(column: Generator) -> list[str]:
    """Return the columns that must be drawn before this one."""
    match column:
        case Target():
            return [weight.split("=")[0] for weight in column.weights]
        case Number():
            return [column.zero_where] if column.zero_where else []
        case Indicator():
            return [column.of]
        case Prose():
            return list(column.about)
        case _:
            return []


def _standardised(name: str, drawn: Drawn) -> NDArray[np.float64]:
    import numpy as np

    column, _, value = name.partition("=")
    if value:
        numbers = (drawn[column] == value).astype(float)
    else:
        numbers = np.asarray(drawn[column], dtype=float)
        if numbers.min() >= 0 and numbers.max() > 10 * (np.median(numbers) + 1):
            numbers = np.log1p(numbers)
    spread = numbers.std()
    centred: NDArray[np.float64] = (numbers - numbers.mean()) / (spread or 1)
    return centred


def _texts(values: Iterable[str], which: Values | None = None) -> Values:
    import numpy as np

    texts: Values = np.array(list(values), dtype=object)
    return texts if which is None else texts[which]
