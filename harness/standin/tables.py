"""Synthetic tables: how each column is drawn, as a spec declares it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Values = NDArray[Any]
    Drawn = Mapping[str, Values]  # the columns made so far, without their gaps


class _Recipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    missing: float = Field(default=0, ge=0, lt=1, description="share of rows left empty")


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


class Category(_Recipe):
    """One of several values, each with its share."""

    kind: Literal["category"]
    values: dict[str, float] = Field(min_length=1)

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        weights = np.array(list(self.values.values()))
        return _texts(list(self.values), rng.choice(len(weights), rows, p=weights / weights.sum()))


class Flag(_Recipe):
    """True or False."""

    kind: Literal["flag"]
    share: float = Field(ge=0, le=1, description="of True")

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        return rng.random(rows) < self.share


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
    """Text put together from parts that are drawn for each row, as `{deck}/{number}/{side}`."""

    kind: Literal["composed"]
    format: str
    parts: dict[str, Annotated[Category | Number, Field(discriminator="kind")]]

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        columns = {name: part.draw(rows, rng, drawn) for name, part in self.parts.items()}
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
    mean: float = 0
    spread: float = 1

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        signal = sum((weight * _standardised(name, drawn) for name, weight in self.weights.items()), np.zeros(rows))
        signal = signal / (signal.std() or 1)
        level = math.sqrt(1 - self.noise) * signal + math.sqrt(self.noise) * rng.normal(size=rows)
        if self.classes is None:
            return self.mean + self.spread * level
        edges = np.quantile(level, np.arange(1, len(self.classes)) / len(self.classes))
        which = np.searchsorted(edges, level)
        return np.array(self.classes, dtype=object)[which]


Generator = Annotated[
    Sequence | Grouped | Category | Flag | Number | Composed | Words | Target, Field(discriminator="kind")
]


class StandInTable(BaseModel):
    """One CSV: how many rows, and how each column is drawn, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rows: int = Field(ge=10)
    columns: dict[str, Generator] = Field(min_length=2)

    @model_validator(mode="after")
    def _columns_refer_backwards(self) -> StandInTable:
        before: set[str] = set()
        for name, column in self.columns.items():
            used = [weight.split("=")[0] for weight in column.weights] if isinstance(column, Target) else []
            if isinstance(column, Number) and column.zero_where:
                used = [column.zero_where]
            if unknown := [other for other in used if other not in before]:
                raise ValueError(f"column {name!r} uses {unknown[0]!r}, which is not drawn before it")
            before.add(name)
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
        return table


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
