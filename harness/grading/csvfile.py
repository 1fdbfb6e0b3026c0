"""Parses the bytes of an untrusted CSV into columns: well-formed and as declared, or InvalidSubmission.

Time and memory are bounded by the size of the bytes, whatever they hold: the header is looked at first, rows have a
longest length, and pyarrow does the rest in blocks. There are two ways: `parse` gives text and says what is wrong with
a file; `parse_fast` parses values too, on all threads, and only says that it can't. What values mean is `cells.py`'s
affair.

Rows are counted from 1, without the header and blank lines.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import InvalidSubmission
from harness.grading.bare import as_arrow, as_numpy

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_HEADER_BYTES = 2**20
LONGEST_ROW_BYTES = 2**20
LARGEST_BLOCK_BYTES = 2**31 - 1
LONGEST_SHOWN = 40
_BOM = b"\xef\xbb\xbf"


class Unclear(Exception):
    """The fast way can't read this: perhaps it is wrong, perhaps only unusual."""


class _RowTooLong(Exception):
    """A row is longer than the block that it is read with."""


def parse(
    content: bytes,
    wanted: Sequence[str],
    *,
    others_allowed: bool = False,
    longest_row_bytes: int | None = LONGEST_ROW_BYTES,
) -> pa.Table:
    """Return the wanted columns as text; columns that are missing, repeated or (unless allowed) others are refused.

    A file of our own may have rows of any length: None.
    """
    import pyarrow as pa

    _check(content, wanted, others_allowed)
    texts = dict.fromkeys(wanted, pa.string())
    block = longest_row_bytes or LONGEST_ROW_BYTES
    while True:
        try:
            return _texts(content, texts, block)
        except _RowTooLong:
            if longest_row_bytes is not None or block >= LARGEST_BLOCK_BYTES:
                raise InvalidSubmission(f"a row is longer than {block} bytes, or a quote is never closed") from None
            block = min(8 * block, LARGEST_BLOCK_BYTES)


def parse_fast(
    content: bytes,
    wanted: Mapping[str, pa.DataType],
    *,
    others_allowed: bool = False,
    longest_row_bytes: int | None = LONGEST_ROW_BYTES,
) -> dict[str, pa.ChunkedArray]:
    """Return the wanted columns with these types, or raise Unclear: then `parse` gives the table or the reason."""
    import pyarrow as pa

    _check(content, wanted, others_allowed)
    if any(pa.types.is_integer(kind) for kind in wanted.values()) and _may_hold_hexadecimals(content):
        raise Unclear  # pyarrow would read 0x10 as 16
    try:
        table = _read(content, wanted, longest_row_bytes or LONGEST_ROW_BYTES, threads=True)
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowCapacityError) as error:
        raise Unclear from error
    columns = dict(zip(table.column_names, table.columns, strict=True))
    del table
    return {name: _in_one_piece(columns.pop(name).chunks, kind) for name, kind in wanted.items()}


def _in_one_piece(chunks: list[pa.Array], kind: pa.DataType) -> pa.ChunkedArray:
    """Join the chunks of a column of numbers, each given up when it is copied, so that memory does not grow."""
    import numpy as np
    import pyarrow as pa

    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return pa.chunked_array(chunks, kind)
    values = np.empty(sum(map(len, chunks)), dtype=kind.to_pandas_dtype())
    end = len(values)
    while chunks:
        chunk = chunks.pop()
        values[end - len(chunk) : end] = as_numpy(chunk)
        end -= len(chunk)
    return pa.chunked_array([as_arrow(values)], kind)


def _may_hold_hexadecimals(content: bytes) -> bool:
    """Is there an x behind a 0? Looking for one byte takes a tenth of looking for two."""
    import numpy as np

    array = np.frombuffer(content, dtype=np.uint8)
    marks = (mark for mark in b"xX" if mark in content)
    return any((array[np.flatnonzero(array[1:] == mark)] == ord("0")).any() for mark in marks)


def shown(value: object) -> str:
    """Quote an untrusted value for a reason: printable ASCII on one line, cut when long."""
    text = str(value)
    return ascii(text[:LONGEST_SHOWN]) + ("…" if len(text) > LONGEST_SHOWN else "")


def listed(values: Collection[object]) -> str:
    """Put the first few values into a reason."""
    few = ", ".join(str(value) for value in list(values)[:10])
    return few + (", …" if len(values) > 10 else "")


def _check(content: bytes, wanted: Collection[str], others_allowed: bool) -> None:
    _refuse_undecodable(content)
    _check_header(header(content), wanted, others_allowed)


def _refuse_undecodable(content: bytes) -> None:
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise InvalidSubmission(f"line {line} holds a NUL byte")
    if _is_utf8(content):
        return
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidSubmission(f"line {line} is not UTF-8 (byte 0x{content[error.start]:02x})") from None


def _is_utf8(content: bytes) -> bool:
    """Look without making a text of it, which would double the memory."""
    import numpy as np
    import pyarrow as pa

    offsets = pa.py_buffer(np.array([0, len(content)], dtype=np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(content)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def header(content: bytes) -> list[str]:
    """Return the names in the first row that is not blank."""
    start = content[: LONGEST_HEADER_BYTES + len(_BOM) + 1].removeprefix(_BOM).lstrip(b"\r\n")
    first = re.split(rb"[\r\n]", start, maxsplit=1)[0]
    if len(first) > LONGEST_HEADER_BYTES:
        raise InvalidSubmission(f"the header is longer than {LONGEST_HEADER_BYTES} bytes")
    try:
        return next(csv.reader([first.decode("utf-8", errors="replace")], strict=True), [])
    except csv.Error:
        raise InvalidSubmission("the header is not a row of CSV") from None


def _check_header(header: list[str], wanted: Collection[str], others_allowed: bool) -> None:
    expected = f"expected the columns {listed(wanted)}"
    for name in wanted:
        if name not in header:
            raise InvalidSubmission(f"column {name!r} is missing; {expected}")
        if header.count(name) > 1:
            raise InvalidSubmission(f"column {name!r} appears {header.count(name)} times; {expected}")
    if not others_allowed and (others := set(header) - set(wanted)):
        first = next(name for name in header if name in others)
        raise InvalidSubmission(f"column {shown(first)} is not expected; {expected}")


def _texts(content: bytes, wanted: Mapping[str, pa.DataType], block: int) -> pa.Table:
    """Read on one thread, so that a ragged row comes with its number."""
    import pyarrow as pa

    ragged: list[Any] = []

    def refuse(row: Any) -> str:
        ragged.append(row)
        return "error"

    try:
        return _read(content, wanted, block, threads=False, refuse=refuse)
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowCapacityError) as error:
        if not ragged and "straddling" in str(error):
            raise _RowTooLong from None
        raise InvalidSubmission(_why_unreadable(ragged)) from None


def _read(content: bytes, wanted: Mapping[str, pa.DataType], block: int, *, threads: bool, refuse: Any = None) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    return arrow_csv.read_csv(
        pa.py_buffer(content),
        memory_pool=_pool(),
        read_options=arrow_csv.ReadOptions(use_threads=threads, block_size=block),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=b'"' in content, invalid_row_handler=refuse),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=list(wanted),
            column_types=wanted,
            null_values=[],
            strings_can_be_null=False,
            check_utf8=False,  # checked before, for the whole file
        ),
    )


def _pool() -> Any:
    """Return the allocator that gives memory back at once, where it is there: the others keep much of it."""
    import pyarrow as pa

    if "jemalloc" not in pa.supported_memory_backends():
        return pa.default_memory_pool()
    pa.jemalloc_set_decay_ms(0)
    return pa.jemalloc_memory_pool()


def _why_unreadable(ragged: Sequence[Any]) -> str:
    if ragged:
        row = ragged[0]
        where = "a row" if row.number is None else f"row {row.number - 1}"
        return f"{where} has {row.actual_columns} values where the header has {row.expected_columns}"
    return "the file is not a well-formed CSV; is a quote never closed?"
