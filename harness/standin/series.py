"""Columns of tables that are time series: moments at even steps, and the series that take turns in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, StrictFloat, StrictInt, StrictStr

from harness.standin.column import ColumnRecipe, Drawn, Values

if TYPE_CHECKING:
    import numpy as np


class Times(ColumnRecipe):
    """Moments one `step` apart from `start` on, each for `rows` rows, written as `format`."""

    kind: Literal["times"]
    start: str
    step: str = Field(description="as pandas says it: 1D, 20min, 1h")
    rows: int = Field(default=1, ge=1)
    format: str = "%Y-%m-%d"

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np
        import pandas as pd

        moments = pd.date_range(self.start, periods=-(-rows // self.rows), freq=self.step)
        texts: Values = np.array(moments.strftime(self.format), dtype=object)
        return texts[np.arange(rows) // self.rows]


class Cycle(ColumnRecipe):
    """The values one after the other, again and again, each for `rows` rows."""

    kind: Literal["cycle"]
    values: tuple[StrictInt, ...] | tuple[StrictFloat, ...] | tuple[StrictStr, ...] = Field(min_length=1)
    rows: int = Field(default=1, ge=1)

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        texts = isinstance(self.values[0], str)
        values: Values = np.array(self.values, dtype=object if texts else None)
        return values[np.arange(rows) // self.rows % len(values)]
