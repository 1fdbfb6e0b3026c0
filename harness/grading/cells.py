"""Turns a column of untrusted text into the typed values that a spec declares, or says which row does not fit.

One reader for each kind in `columns.py`. All work is done on whole columns, so a bad value in row nine million is found
about as fast as a good file is read. Readers also take a column that was parsed as `storage` says; what they then say
of a misfit is not for people, since its spelling is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.errors import InvalidSubmission
from harness.grading.bare import as_numpy
from harness.grading.csvfile import listed, shown
from harness.specs.columns import (
    BooleanColumn,
    Column,
    IntegerColumn,
    LabelColumn,
    ListColumn,
    NumberColumn,
    RleColumn,
    TextColumn,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Values = NDArray[Any]

LARGEST_EXACT_INTEGER = 2**53
SMALL_LABELS = 2**15  # fit two bytes: labels of a million rows are a fourth of what they would be
_WORDS = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}


class Misfit(Exception):
    """A value that its declaration does not allow: which one, and what would be."""

    def __init__(self, row: int, allowed: str, found: Any) -> None:
        super().__init__(row, allowed, found)
        self.row, self.allowed, self.found = row, allowed, found


def storage(column: Column) -> pa.DataType:
    """Return the type as which a column may be parsed right away, where every value is an ordinary one."""
    import pyarrow as pa

    match column:
        case NumberColumn():
            return pa.float64()
        case IntegerColumn():
            return pa.int64()
        case LabelColumn() if isinstance(column.labels[0], int):
            small = all(-SMALL_LABELS <= label < SMALL_LABELS for label in column.labels if isinstance(label, int))
            return pa.int16() if small else pa.int64()
        case BooleanColumn() | LabelColumn():
            return pa.dictionary(pa.int32(), pa.string())
        case _:
            return pa.string()


def convert(name: str, texts: pa.ChunkedArray, column: Column) -> Values | pa.Array:
    """Return the column's values, text as an Arrow array; InvalidSubmission names column, row, found and allowed."""
    try:
        return read(texts, column)
    except Misfit as bad:
        found = shown(bad.found) if bad.found.strip() else "an empty value"
        raise InvalidSubmission(f"column {name!r}, row {bad.row + 1}: expected {bad.allowed}, found {found}") from None


def read(texts: pa.ChunkedArray, column: Column) -> Values | pa.Array:
    """Return the column's values; Misfit tells the first that does not fit."""
    match column:
        case TextColumn():
            return texts.combine_chunks()
        case NumberColumn():
            return _numbers(texts, column)
        case IntegerColumn():
            return _integers(texts, column)
        case BooleanColumn():
            return _booleans(texts)
        case LabelColumn():
            return _labels(texts, column)
        case RleColumn() | ListColumn():
            from harness.grading import packed

            packed.check(texts, column)
            return texts.combine_chunks()


def _numbers(texts: pa.ChunkedArray, column: NumberColumn) -> Values:
    import numpy as np

    numbers = _floats(texts)
    if _lie_within(numbers, column.minimum, column.maximum):
        return numbers
    _refuse_unless(np.isfinite(numbers), texts, "a finite number")
    fits = (numbers >= column.minimum) & (numbers <= column.maximum)
    _refuse_unless(fits, texts, f"a number from {column.minimum:g} to {column.maximum:g}")
    return numbers


def plain_integers(texts: pa.ChunkedArray) -> Values:
    """Return whole numbers that are written in digits; Misfit tells the first value that is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(texts.type):
        return as_numpy(texts)
    hexadecimal = pc.or_(pc.match_substring(texts, "x"), pc.match_substring(texts, "X"))
    _refuse_unless(
        ~as_numpy(hexadecimal.cast(pa.uint8())).astype(bool), texts, "a whole number"
    )  # pyarrow would read 0x10 as 16, others as text
    try:
        return as_numpy(texts.cast(pa.int64()))
    except pa.ArrowInvalid:
        row = _first_that_is_no(pa.int64(), texts)
        raise Misfit(row, "a whole number", texts[row].as_py()) from None


def _integers(texts: pa.ChunkedArray, column: IntegerColumn) -> Values:
    import numpy as np

    try:
        integers = plain_integers(texts)
    except Misfit:  # perhaps `7.0`, which a table library writes after a join with gaps
        numbers = _floats(texts)
        whole = np.isfinite(numbers) & (np.trunc(numbers) == numbers) & (np.abs(numbers) < LARGEST_EXACT_INTEGER)
        _refuse_unless(whole, texts, "a whole number")
        integers = numbers.astype(np.int64)
    if column.minimum is not None:
        _refuse_unless(integers >= column.minimum, texts, f"at least {column.minimum}")
    if column.maximum is not None:
        _refuse_unless(integers <= column.maximum, texts, f"at most {column.maximum}")
    return integers


def _booleans(texts: pa.ChunkedArray) -> Values:
    """Read pandas' words for true and false, or 0 and 1; a mixture would be text to pandas, so it is refused."""

    def meanings(spellings: list[str]) -> list[bool | None]:
        words = [_WORDS.get(spelling) for spelling in spellings]
        return words if any(word is not None for word in words) else [_zero_or_one(text) for text in spellings]

    return _by_spelling(texts, meanings, "True or False").astype(bool)


def _labels(texts: pa.ChunkedArray, column: LabelColumn) -> Values:
    import numpy as np

    allowed = f"one of {listed(column.labels)}"
    if isinstance(column.labels[0], int):
        integers = _integers(texts, IntegerColumn(type="integer"))
        least, most = min(column.labels), max(column.labels)
        every_one_between = most - least + 1 == len(column.labels)
        if not (every_one_between and _lie_within(integers, least, most)):
            _refuse_unless(np.isin(integers, column.labels), texts, allowed)
        return integers
    known = set(column.labels)
    return _by_spelling(texts, lambda spellings: [text if text in known else None for text in spellings], allowed)


def _by_spelling(texts: pa.ChunkedArray, meanings: Callable[[list[str]], list[Any]], allowed: str) -> Values:
    """Look at each different spelling once; a meaning of None is not allowed."""
    import numpy as np

    encoded = texts.dictionary_encode().unify_dictionaries().combine_chunks()
    codes = as_numpy(encoded.indices)
    values = np.array([*meanings(encoded.dictionary.to_pylist()), None], dtype=object)[:-1]
    _refuse_unless(np.array([value is not None for value in values], dtype=bool)[codes], texts, allowed)
    chosen: Values = values[codes]
    return chosen


def _zero_or_one(text: str) -> bool | None:
    try:
        number = float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None
    return bool(number) if number in (0, 1) else None


def _floats(texts: pa.ChunkedArray) -> Values:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(texts.type):
        return as_numpy(texts)
    try:
        return as_numpy(texts.cast(pa.float64()))
    except pa.ArrowInvalid:
        trimmed = pc.utf8_trim_whitespace(texts)
    try:
        return as_numpy(trimmed.cast(pa.float64()))
    except pa.ArrowInvalid:
        row = _first_that_is_no(pa.float64(), trimmed)
        raise Misfit(row, "a number", texts[row].as_py()) from None


def _first_that_is_no(type_: pa.DataType, texts: pa.ChunkedArray) -> int:
    """Halve the column until one value is left: each step casts half as much as the one before."""
    import pyarrow as pa

    start, length = 0, len(texts)
    while length > 1:
        half = length // 2
        try:
            texts.slice(start, half).cast(type_)
            start, length = start + half, length - half
        except pa.ArrowInvalid:
            length = half
    return start


def _lie_within(numbers: Values, least: float, most: float) -> bool:
    """Look at both ends only, which takes no memory; NaN lies nowhere."""
    return len(numbers) == 0 or bool(numbers.min() >= least and numbers.max() <= most)


def _refuse_unless(fits: Values, texts: pa.ChunkedArray, allowed: str) -> None:
    if not fits.all():
        row = int(fits.argmin())
        raise Misfit(row, allowed, texts[row].as_py())
