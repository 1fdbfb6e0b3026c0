"""Numbers as pandas 2.3.3 read them, which its own `read_csv` gave for these texts."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from harness.splits.floats import as_pandas_2

READ_BY_PANDAS_2 = {
    "44.244610160292694": 44.24461016029269,
    "106.269683603650776": 106.26968360365076,
    "53.630839129292724": 53.63083912929272,
    "144.324177030224178": 144.32417703022415,
    "26.618827654116274": 26.618827654116277,
    "-101.977271833014669": -101.97727183301465,
    "106.972916915233611": 106.9729169152336,
    "-102.426779079096391": -102.4267790790964,
    "-75.850139611106457": -75.85013961110644,
    "1.7976931348623157e+25": 1.7976931348623156e25,
    "123456789012345678901234": 1.2345678901234569e23,
    "-0.00001234567890123456789": -1.23456789012e-05,
    "87.043316133862561": 87.04331613386256,
    "159.282102159738088": 159.2821021597381,
    "86.363486906375044": 86.36348690637504,
}


def test_long_numbers_are_as_far_off_as_they_were() -> None:
    assert as_pandas_2(pd.Series(list(READ_BY_PANDAS_2))).tolist() == list(READ_BY_PANDAS_2.values())
    assert sum(float(text) != value for text, value in READ_BY_PANDAS_2.items()) > 5


@pytest.mark.parametrize("text", ["0", "-0.5", "12", "3.25e2", "1e-3", ".5", "7.", "123456789.012345"])
def test_short_numbers_are_exact(text: str) -> None:
    assert as_pandas_2(pd.Series([text])).tolist() == [float(text)]


def test_what_is_no_number_is_nan() -> None:
    assert np.isnan(as_pandas_2(pd.Series(["", "x", "1e", "--1", "1.2.3", None]))).all()


def test_fifteen_digits_are_always_exact() -> None:
    numbers = np.random.default_rng(0).uniform(-180, 180, 2000)
    texts = pd.Series([f"{number:.12f}" for number in numbers])
    assert as_pandas_2(texts).tolist() == [float(text) for text in texts]
    assert math.isfinite(as_pandas_2(pd.Series(["1e300"]))[0])
