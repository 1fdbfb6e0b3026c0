"""Brings a table's rows into the order of the wanted ids: every id as often as wanted, and no other.

An id is one column, or several joined into one key. Mostly both sides are in the same order already, which is seen at
once; else whole numbers that lie close together are looked up in a table, everything else by hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import InvalidSubmission
from harness.grading.bare import as_arrow, as_numpy
from harness.grading.csvfile import shown

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Rows = NDArray[Any]

BETWEEN = "\x1f"
SPARSEST = 8  # a table for whole numbers has at most so many places for each id


def keys(columns: Mapping[str, Any]) -> pa.Array:
    """Return one key a row: the id column, or several joined."""
    import pyarrow as pa
    import pyarrow.compute as pc

    arrays = [as_arrow(values) for values in columns.values()]
    if len(arrays) == 1:
        return arrays[0]
    return pc.binary_join_element_wise(*(array.cast(pa.string()) for array in arrays), BETWEEN)


def rows_in_order(found: pa.Array, wanted: pa.Array, names: Sequence[str], *, repeated: bool = False) -> Rows | None:
    """Return the row of each wanted id, None where that is row by row; InvalidSubmission names the first misfit.

    With `repeated`, rows of one id are matched in their order.
    """
    import numpy as np

    if found.equals(wanted):
        return None
    if repeated:
        found, wanted = _told_apart(found), _told_apart(wanted)
    where = f"column {names[0]!r}" if len(names) == 1 else f"columns {', '.join(map(repr, names))}"
    places = _places(found, wanted)
    if len(places) and places.min() < 0:
        row = int((places < 0).argmax())
        raise InvalidSubmission(f"{where}, row {row + 1}: id {_shown(found[row])} is not in the test data")
    rows_of = np.full(len(wanted), -1, dtype=places.dtype)
    rows_of[places] = np.arange(len(places), dtype=places.dtype)
    if len(found) > (rows_of >= 0).sum():
        again = np.ones(len(places), dtype=bool)
        again[np.unique(places, return_index=True)[1]] = False
        row = int(again.argmax())
        raise InvalidSubmission(f"{where}, row {row + 1}: id {_shown(found[row])} appears more than once")
    if (rows_of < 0).any():
        first = wanted[int((rows_of < 0).argmax())]
        counts = f"found {len(found)} rows, expected {len(wanted)}"
        raise InvalidSubmission(f"{where}: id {_shown(first)} is missing; {counts}")
    return rows_of


def _places(found: pa.Array, wanted: pa.Array) -> Rows:
    """Return where each found id stands among the wanted ones, -1 where it does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(wanted) and pa.types.is_int64(found.type) and pa.types.is_int64(wanted.type):
        numbers = as_numpy(wanted)
        least, span = int(numbers.min()), int(numbers.max()) - int(numbers.min()) + 1
        if span <= SPARSEST * len(numbers):
            return _looked_up(as_numpy(found), numbers, least, span)
    places = pc.index_in(found, value_set=wanted)  # int32
    return as_numpy(places.fill_null(-1) if places.null_count else places)


def _looked_up(found: Rows, wanted: Rows, least: int, span: int) -> Rows:
    """Look places up in a table of all integers from `least` on; numbers of four bytes, where they fit, save memory."""
    import numpy as np

    first = np.int64(least)  # cast down like the rest: what wraps on both sides wraps back in the difference
    small = np.int32 if span < 2**31 - 1 else np.int64
    table = np.full(span + 1, -1, dtype=small)
    table[np.subtract(wanted, first, dtype=small, casting="unsafe")] = np.arange(len(wanted), dtype=small)
    outside = None
    if len(found) and (found.min() < least or found.max() >= least + span):
        outside = (found < least) | (found >= least + span)
    offsets = np.subtract(found, first, dtype=small, casting="unsafe")
    if outside is not None:
        offsets[outside] = span  # the place of what is not there
    places: Rows = table[offsets]
    return places


def _told_apart(keys: pa.Array) -> pa.Array:
    """Return keys that differ: the second row of an id is `id / 2`, and so on."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    again = pd.Series(keys.to_numpy(zero_copy_only=False)).groupby(keys.to_numpy(zero_copy_only=False)).cumcount()
    numbers = pa.array(again + 1).cast(pa.string())
    return pc.binary_join_element_wise(keys.cast(pa.string()), numbers, BETWEEN)


def _shown(key: Any) -> str:
    return shown(str(key.as_py()).replace(BETWEEN, " / "))
