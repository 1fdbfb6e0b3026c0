"""Stand-in columns of time series: even steps, and series that take turns."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from harness.standin.series import Cycle, Times
from harness.standin.tables import StandInTable

RNG = np.random.default_rng(0)


def test_moments_are_one_step_apart_and_last_for_so_many_rows() -> None:
    days = Times(kind="times", start="2019-12-31", step="1D", rows=2).draw(5, RNG, {})
    assert days.tolist() == ["2019-12-31", "2019-12-31", "2020-01-01", "2020-01-01", "2020-01-02"]
    hours = Times(kind="times", start="2020-01-01 23:00", step="1h", format="%d %H:%M").draw(2, RNG, {})
    assert hours.tolist() == ["01 23:00", "02 00:00"]


def test_values_take_turns() -> None:
    assert Cycle(kind="cycle", values=("a", "b"), rows=2).draw(5, RNG, {}).tolist() == ["a", "a", "b", "b", "a"]
    assert Cycle(kind="cycle", values=(1.0, 0.0)).draw(3, RNG, {}).tolist() == [1.0, 0.0, 1.0]
    assert Cycle(kind="cycle", values=(3,)).draw(2, RNG, {}).dtype.kind == "i"
    with pytest.raises(ValidationError):
        Cycle(kind="cycle", values=())


def test_a_table_may_put_a_run_of_columns_behind_the_target() -> None:
    table = StandInTable.model_validate(
        {
            "rows": 10,
            "columns": {"id": {"kind": "sequence"}, "{0..2}": {"kind": "number"}, "y": {"kind": "flag", "share": 0.5}},
            "order": ["id", "y", "{0..2}"],
        }
    )
    assert list(table.draw(RNG).columns) == ["id", "y", "0", "1", "2"]
