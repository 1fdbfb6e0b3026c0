"""Division by time: test rows lie behind all train rows, or at the end of each month."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from harness.splits.bytime import TimeDivision

RAW = Path()
DAYS = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=60).strftime("%Y-%m-%d"), "year": [2020] * 60})


def divided(**options: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    return TimeDivision.model_validate({"by": "time", "column": "day", **options}).divide(DAYS, RAW)


def test_test_rows_begin_at_the_moment_and_keep_their_order() -> None:
    train, test = divided(start="2020-02-01")
    assert len(train) == 31 and test.day.iloc[0] == "2020-02-01"
    assert pd.concat([train, test]).equals(DAYS)
    assert train.day.max() < test.day.min()


def test_a_time_of_day_counts() -> None:
    hours = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=48, freq="1h").astype(str)})
    split = TimeDivision(by="time", column="day", start="2020-01-02 12:00")
    assert len(split.divide(hours, RAW)[1]) == 12


def test_the_end_of_each_month_may_be_held_out() -> None:
    train, test = divided(start_day=20)
    assert set(pd.to_datetime(test.day).dt.month) == {1, 2}
    assert pd.to_datetime(train.day).dt.day.max() == 19 and pd.to_datetime(test.day).dt.day.min() == 20


def test_a_column_of_numbers_is_compared_as_numbers() -> None:
    table = pd.DataFrame({"year": [2019, 2020, 2021]})
    _, test = TimeDivision(by="time", column="year", start=2021).divide(table, RAW)
    assert test.year.tolist() == [2021]


@pytest.mark.parametrize("options", [{}, {"start": "2020-02-01", "start_day": 3}])
def test_it_needs_one_start(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="one of the two"):
        divided(**options)


def test_raw_data_that_do_not_fit_are_told() -> None:
    with pytest.raises(ValueError, match="one side of 2022-01-01"):
        divided(start="2022-01-01")
    with pytest.raises(ValueError, match="lacks the column 'when'"):
        divided(start="2020-02-01", column="when")
