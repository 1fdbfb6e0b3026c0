"""Divides a table's rows by time: the future is predicted from the past, as in the competition itself.

Rows at random would put test rows between their neighbours in time, whose targets give them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.splits.holding import Held, Mixing, latest

if TYPE_CHECKING:
    import pandas as pd


class TimeDivision(BaseModel):
    """The rows from a moment on are test rows, or those from a day of each month on; rows keep their order.

    `start` is a number where the column holds numbers, such as a year, else a date, with a time of day or without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: Literal["time"]
    column: str
    start: int | str | None = Field(default=None, description="the first moment of the test rows")
    start_day: int | None = Field(default=None, ge=2, le=31, description="of each month")

    @model_validator(mode="after")
    def _one_start(self) -> TimeDivision:
        if (self.start is None) == (self.start_day is None):
            raise ValueError("give start or start_day: one of the two")
        return self

    def divide(self, table: pd.DataFrame, raw: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the train and the test rows."""
        if self.column not in table.columns:
            raise ValueError(f"the table lacks the column {self.column!r}, which tells the time")
        late = self._is_late(table[self.column])
        if late.all() or not late.any():
            raise ValueError(f"all rows lie on one side of {self.start or f'day {self.start_day}'} in {self.column!r}")
        return table[~late], table[late]

    @property
    def mixing(self) -> Mixing:
        """Test rows stand in the table's order, so held-back ones do."""
        return "table"

    def hold(self, train: pd.DataFrame, targets: Sequence[str]) -> Held:
        """Hold back the latest of the train rows, as the test rows are the latest of all."""
        import pandas as pd

        column = train[self.column]
        if isinstance(self.start, int):
            return latest(column)
        moments = pd.to_datetime(column)
        return latest(moments if self.start is not None else moments.dt.day)

    def _is_late(self, column: pd.Series) -> pd.Series:
        import pandas as pd

        if isinstance(self.start, int):
            return column >= self.start
        moments = pd.to_datetime(column)
        if self.start is not None:
            return moments >= pd.Timestamp(self.start)
        return moments.dt.day >= (self.start_day or 0)
