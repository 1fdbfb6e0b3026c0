"""Parses the bytes of an untrusted CSV into columns of text: well-formed and as declared, or InvalidSubmission.

Time and memory are bounded by the size of the bytes, whatever they hold: the header is looked at first, rows have a
longest length, and pyarrow does the rest in blocks. What the values mean is `cells.py`'s affair.

Rows are counted from 1, without the header and blank lines.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import InvalidSubmission

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_HEADER_BYTES = 2**20
LONGEST_ROW_BYTES = 2**20
LARGEST_BLOCK_BYTES = 2**31 - 1
LONGEST_SHOWN = 40
_BOM = b"\xef\xbb\xbf"


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
    _refuse_undecodable(content)
    header = _header(content)
    _check_header(header, wanted, others_allowed)
    block = longest_row_bytes or LONGEST_ROW_BYTES
    while True:
        try:
            return _read(content, wanted, block)
        except _RowTooLong:
            if longest_row_bytes is not None or block >= LARGEST_BLOCK_BYTES:
                raise InvalidSubmission(f"a row is longer than {block} bytes, or a quote is never closed") from None
            block = min(8 * block, LARGEST_BLOCK_BYTES)


def shown(value: object) -> str:
    """Quote an untrusted value for a reason: printable ASCII on one line, cut when long."""
    text = str(value)
    return ascii(text[:LONGEST_SHOWN]) + ("…" if len(text) > LONGEST_SHOWN else "")


def listed(values: Collection[object]) -> str:
    """Put the first few values into a reason."""
    few = ", ".join(str(value) for value in list(values)[:10])
    return few + (", …" if len(values) > 10 else "")


def _refuse_undecodable(content: bytes) -> None:
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise InvalidSubmission(f"line {line} holds a NUL byte")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidSubmission(f"line {line} is not UTF-8 (byte 0x{content[error.start]:02x})") from None


def _header(content: bytes) -> list[str]:
    start = content.removeprefix(_BOM)[: LONGEST_HEADER_BYTES + 1].lstrip(b"\r\n")
    first = re.split(rb"[\r\n]", start, maxsplit=1)[0]
    if len(first) > LONGEST_HEADER_BYTES:
        raise InvalidSubmission(f"the header is longer than {LONGEST_HEADER_BYTES} bytes")
    try:
        return next(csv.reader([first.decode("utf-8", errors="replace")], strict=True), [])
    except csv.Error:
        raise InvalidSubmission("the header is not a row of CSV") from None


def _check_header(header: list[str], wanted: Sequence[str], others_allowed: bool) -> None:
    expected = f"expected the columns {listed(wanted)}"
    for name in wanted:
        if name not in header:
            raise InvalidSubmission(f"column {name!r} is missing; {expected}")
        if header.count(name) > 1:
            raise InvalidSubmission(f"column {name!r} appears {header.count(name)} times; {expected}")
    if not others_allowed and (others := set(header) - set(wanted)):
        first = next(name for name in header if name in others)
        raise InvalidSubmission(f"column {shown(first)} is not expected; {expected}")


def _read(content: bytes, wanted: Sequence[str], block: int) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[Any] = []

    def refuse(row: Any) -> str:
        ragged.append(row)
        return "error"

    try:
        return arrow_csv.read_csv(
            pa.py_buffer(content),
            # one thread, so that a ragged row comes with its number
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=block),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=b'"' in content, invalid_row_handler=refuse),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(wanted),
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,  # checked above, for the whole file
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        if not ragged and "straddling" in str(error):
            raise _RowTooLong from None
        raise InvalidSubmission(_why_unreadable(ragged)) from None


def _why_unreadable(ragged: Sequence[Any]) -> str:
    if ragged:
        row = ragged[0]
        where = "a row" if row.number is None else f"row {row.number - 1}"
        return f"{where} has {row.actual_columns} values where the header has {row.expected_columns}"
    return "the file is not a well-formed CSV; is a quote never closed?"
