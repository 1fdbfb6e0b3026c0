"""Reads decimal numbers as pandas 2 did by default: fast, and in the last binary digit not always right.

Splits that were published as files written by pandas 2 hold such numbers wherever the raw ones had 16 digits or more.
pandas 3.1 reads exactly, so whoever wants the same bytes must repeat the old way; nothing else should.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_MOST_DIGITS, _EXACT_DIGITS = 17, 15
_FORM = r"^\s*(?P<sign>[+-]?)(?P<whole>\d*)(?:\.(?P<part>\d*))?(?:[eE](?P<power>[+-]?\d+))?\s*$"


def as_pandas_2(texts: pd.Series) -> NDArray[Any]:
    """Return the numbers of a column of texts; what is no plain decimal number becomes NaN.

    The first 17 digits, leading zeros among them, are added up in floating point, and the sum is multiplied or divided
    by a power of ten; an exact reader rounds once.
    """
    import numpy as np

    parts = texts.astype(str).str.extract(_FORM).fillna("")
    whole, digits = parts["whole"], parts["whole"] + parts["part"]
    kept = digits.str[:_MOST_DIGITS]
    power = parts["power"].where(parts["power"] != "", "0").astype(int).to_numpy()
    power = power + whole.str.len().to_numpy() - kept.str.len().to_numpy()
    number = kept.str[:_EXACT_DIGITS].where(digits != "", "0").astype(np.int64).to_numpy().astype(float)
    for place in range(_EXACT_DIGITS, _MOST_DIGITS):
        digit = kept.str[place : place + 1]
        more = (digit != "").to_numpy()
        number = np.where(more, number * 10 + digit.where(more, "0").astype(float).to_numpy(), number)
    ten = np.array([float(f"1e{exponent}") for exponent in range(309)])
    scaled = np.where(power > 0, number * ten[np.clip(power, 0, 308)], number / ten[np.clip(-power, 0, 308)])
    signed: NDArray[Any] = np.where(parts["sign"] == "-", -scaled, scaled)
    return np.where((digits != "").to_numpy(), signed, np.nan)
