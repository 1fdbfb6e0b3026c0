"""What every recipe of a synthetic column is: parameters from a spec, and `draw`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[Any]
    Drawn = Mapping[str, Values]  # the columns made so far, without their gaps
else:
    Values = Drawn = Any


class ColumnRecipe(BaseModel):
    """How one column is drawn; the gaps are made afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    missing: float = Field(default=0, ge=0, lt=1, description="share of rows left empty")

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        """Return the column's values; `drawn` are the columns before it."""
        raise NotImplementedError
