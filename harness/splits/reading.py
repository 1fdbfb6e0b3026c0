"""Puts decimals into a table as pandas 2 read them, by which published splits were made.

What is a number, a gap or a text is for the installed pandas to decide. The last binary digit of long decimals differs
between its versions (see `floats.py`), so columns of such are read once more, as text. An integer column that is long
enough to be read in pieces, with decimals in some of them only, is taken for decimals throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.splits.floats import as_pandas_2

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

EXACT = 15  # as many digits, leading zeros among them, are read alike by all
MOST = 17  # the digits after these were never looked at
SMALLEST_TEXT = EXACT + 1  # a shorter text, sign or point included, has no more digits than that
PLAIN = r"^[+-]?[0-9]*\.?[0-9]*$"


def with_old_floats(table: pd.DataFrame, again: Callable[[], Path | IO[bytes]], *, sep: str = ",") -> pd.DataFrame:
    """Return what `pandas.read_csv` made of a table, changed to what pandas 2 would have; `again` opens it anew."""
    import pandas as pd

    floats = [place for place, dtype in enumerate(table.dtypes) if dtype.kind == "f"]
    if floats and len(table) and isinstance(table.index, pd.RangeIndex):
        for place, texts in _texts(table, again, sep, floats).items():
            table.isetitem(place, _old(texts, table.iloc[:, place].to_numpy()))
    return table


def _texts(
    table: pd.DataFrame, again: Callable[[], Path | IO[bytes]], sep: str, places: list[int]
) -> dict[int, pa.LargeStringArray]:
    """Return the columns at these places as they stand in the file."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv

    names = [str(table.columns[place]) for place in places]
    try:
        found = csv.read_csv(
            again(),
            parse_options=csv.ParseOptions(delimiter=sep, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                include_columns=names, column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
        if len(found) == len(table):
            return {place: found[name].combine_chunks() for place, name in zip(places, names, strict=True)}
    except (pa.ArrowInvalid, pa.ArrowKeyError, KeyError):
        pass  # pandas is less strict about lines and names
    plain = pd.read_csv(again(), sep=sep, dtype=str, keep_default_na=False, na_filter=False)
    return {place: pa.array(plain.iloc[:, place], pa.large_string()) for place in places}


def _old(texts: pa.LargeStringArray, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values, those of long texts as pandas 2 had them."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks)
    finite = np.isfinite(values)
    exponent = np.asarray(pc.match_substring(texts, "e", ignore_case=True))
    point = np.asarray(pc.match_substring(texts, "."))
    if not ((point | exponent) & finite).any():
        return values  # integers beside gaps were read as integers
    long = np.asarray(pc.greater_equal(pc.binary_length(texts), SMALLEST_TEXT))
    candidates = np.flatnonzero((long | exponent) & finite)
    if not len(candidates):
        return values
    new = np.empty(len(candidates))
    plain = ~exponent[candidates]
    some = texts.take(pa.array(candidates))
    try:
        new[plain] = _plain(some.filter(pa.array(plain)))
    except pa.ArrowInvalid:  # spaces around some
        plain = plain & np.asarray(pc.match_substring_regex(some, PLAIN))
        new[plain] = _plain(some.filter(pa.array(plain)))
    new[~plain] = as_pandas_2(pd.Series(some.filter(pa.array(~plain)).to_pylist(), dtype=object))
    exact = values[candidates]
    close = np.abs(new - exact) <= 1e-10 * np.abs(exact)  # not so: it is no number that the old reader knew
    old = values.copy()
    old[candidates] = np.where(close, new, exact)
    return old


def _plain(texts: pa.LargeStringArray) -> NDArray[np.float64]:
    """Return numbers without an exponent: 17 digits added up in floating point, over a power of ten."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    negative = np.asarray(pc.starts_with(texts, "-"))
    bare = pc.ascii_ltrim(texts, "+-")
    point = np.asarray(pc.find_substring(bare, "."))
    length = np.asarray(pc.binary_length(bare))
    whole = np.where(point < 0, length, point)
    count = np.minimum(length - (point >= 0), MOST)
    digits = np.asarray(pc.utf8_slice_codeunits(pc.replace_substring(bare, ".", ""), 0, MOST).cast(pa.int64()))
    more = np.maximum(count - EXACT, 0)
    number = (digits // 10**more).astype(float)
    number = np.where(more > 0, number * 10 + digits // 10 ** np.maximum(more - 1, 0) % 10, number)
    number = np.where(more > 1, number * 10 + digits % 10, number)
    power = np.clip(whole - count, -308, 308)
    ten = np.array([float(f"1e{exponent}") for exponent in range(309)])
    scaled = np.where(power > 0, number * ten[np.maximum(power, 0)], number / ten[np.maximum(-power, 0)])
    signed: NDArray[np.float64] = np.where(negative, -scaled, scaled)
    return signed
