"""Turns a column of untrusted text into the typed values that a spec declares, or says which row does not fit.

One reader for each kind in `columns.py`. All work is done on whole columns, so a bad value in row nine million is found
about as fast as a good file is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.columns import BooleanColumn, Column, IntegerColumn, LabelColumn, NumberColumn, TextColumn
from harness.csvfile import listed, shown
from harness.errors import InvalidSubmission

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Values = pd.Series[Any]

LARGEST_EXACT_INTEGER = 2**53
_WORDS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}


def convert(name: str, texts: pa.ChunkedArray, column: Column) -> Values:
    """Return the column's values; InvalidSubmission names column, row, what was found and what is allowed."""
    match column:
        case TextColumn():
            return _series(texts)
        case NumberColumn():
            return _numbers(name, texts, column)
        case IntegerColumn():
            return _integers(name, texts, column)
        case BooleanColumn():
            return _booleans(name, texts)
        case LabelColumn():
            return _labels(name, texts, column)


def _numbers(name: str, texts: pa.ChunkedArray, column: NumberColumn) -> Values:
    numbers = _floats(name, texts)
    fits = (numbers >= column.minimum) & (numbers <= column.maximum)  # False for NaN
    finite = numbers.abs() < float("inf")
    _refuse_unless(finite, name, texts, "a finite number")
    _refuse_unless(fits, name, texts, f"from {column.minimum:g} to {column.maximum:g}")
    return numbers


def _integers(name: str, texts: pa.ChunkedArray, column: IntegerColumn) -> Values:
    import pyarrow as pa

    try:
        integers = _series(texts.cast(pa.int64()))
    except pa.ArrowInvalid:  # perhaps `7.0`, which a table library writes after a join with gaps
        numbers = _floats(name, texts)
        _refuse_unless((numbers % 1 == 0) & (numbers.abs() < LARGEST_EXACT_INTEGER), name, texts, "a whole number")
        integers = numbers.astype("int64")
    if column.minimum is not None:
        _refuse_unless(integers >= column.minimum, name, texts, f"at least {column.minimum}")
    if column.maximum is not None:
        _refuse_unless(integers <= column.maximum, name, texts, f"at most {column.maximum}")
    return integers


def _booleans(name: str, texts: pa.ChunkedArray) -> Values:
    """pandas' words for true and false, or 0 and 1; a mixture of both would be text to pandas, so it is refused."""
    values = _series(texts)
    if values.isin(list(_WORDS)).any():
        _refuse_unless(values.isin(list(_WORDS)), name, texts, "True or False")
        return values.map(_WORDS).astype(bool)
    try:
        numbers = _floats(name, texts)
    except InvalidSubmission:
        _refuse_unless(values != values, name, texts, "True or False")
        raise
    _refuse_unless(numbers.isin([0, 1]), name, texts, "True or False")
    return numbers.astype(bool)


def _labels(name: str, texts: pa.ChunkedArray, column: LabelColumn) -> Values:
    if isinstance(column.labels[0], int):
        values = _integers(name, texts, IntegerColumn(type="integer"))
    else:
        values = _series(texts)
    _refuse_unless(values.isin(list(column.labels)), name, texts, f"one of {listed(column.labels)}")
    return values


def _floats(name: str, texts: pa.ChunkedArray) -> Values:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return _series(texts.cast(pa.float64()))
    except pa.ArrowInvalid:
        trimmed = pc.utf8_trim_whitespace(texts)
    try:
        return _series(trimmed.cast(pa.float64()))
    except pa.ArrowInvalid:
        row = _first_that_is_no_number(trimmed)
        raise _refusal(name, row, texts[row].as_py(), "a number") from None


def _first_that_is_no_number(texts: pa.ChunkedArray) -> int:
    """Halve the column until one value is left: each step casts half as much as the one before."""
    import pyarrow as pa

    start, length = 0, len(texts)
    while length > 1:
        half = length // 2
        try:
            texts.slice(start, half).cast(pa.float64())
            start, length = start + half, length - half
        except pa.ArrowInvalid:
            length = half
    return start


def _refuse_unless(fits: Values, name: str, texts: pa.ChunkedArray, allowed: str) -> None:
    if not fits.all():
        row = int(fits.to_numpy().argmin())
        raise _refusal(name, row, texts[row].as_py(), allowed)


def _refusal(name: str, row: int, found: str, allowed: str) -> InvalidSubmission:
    what = shown(found) if found.strip() else "an empty value"
    return InvalidSubmission(f"column {name!r}, row {row + 1}: expected {allowed}, found {what}")


def _series(array: pa.ChunkedArray) -> Values:
    series: Values = array.to_pandas()
    return series
