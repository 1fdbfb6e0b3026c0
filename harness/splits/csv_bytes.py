"""Writes tables as pandas does, byte for byte, in a fraction of its time: whole columns become text at once.

`DataFrame.to_csv` makes a Python object of every cell. Prepared files are to have its bytes nonetheless, since those
are what published splits consist of. A table with anything unusual in it goes through pandas itself. What is read is
pandas' own `read_csv`: what it takes a text for decides what is written.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.parallel import each

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

CELLS = 500_000  # of one block: bounds memory, and lets blocks be made side by side
ROWS = 50_000  # of one piece, where lines are taken out
THREADS = 4
COMPRESSED = (".gz", ".bz2", ".zip", ".xz", ".zst", ".tar")  # pandas goes by the name
PLAIN_FROM, PLAIN_BELOW = 1e-4, 1e16  # magnitudes that Python writes without an exponent


def write_csv(table: pd.DataFrame, path: Path, *, separator: str = ",") -> None:
    """Write the table without its index: the bytes of `table.to_csv(path, index=False, sep=separator)`."""
    if path.suffix in COMPRESSED or not _is_usual(table):
        table.to_csv(path, index=False, sep=separator)
        return
    with path.open("wb") as file:
        file.write(_header(list(table.columns), separator))
        for lines in _blocks(table, separator):
            file.write(_content(lines))


class Lines:
    """A table whose rows go to several files: each row becomes text once, and all of that text is held."""

    def __init__(self, table: pd.DataFrame) -> None:
        import pyarrow as pa

        self._table = table
        self._lines = pa.concat_arrays([*_blocks(table, ",")]) if len(table) and _is_usual(table) else None

    def write(self, path: Path, rows: NDArray[np.intp]) -> None:
        """Write the rows at these places, in this order: the bytes of `table.iloc[rows].to_csv(path, index=False)`."""
        if self._lines is None or path.suffix in COMPRESSED:
            write_csv(self._table.iloc[rows], path)
            return
        lines = self._lines
        with path.open("wb") as file:
            file.write(_header(list(self._table.columns), ","))
            starts = range(0, len(rows), ROWS)
            for some in each(lambda start: lines.take(rows[start : start + ROWS]), starts, workers=THREADS):
                file.write(_content(some))


def _blocks(table: pd.DataFrame, separator: str) -> Iterator[pa.LargeStringArray]:
    """Yield the lines of the table, some thousand rows at a time."""
    size = max(1, CELLS // table.shape[1])
    starts = range(0, len(table), size)
    return each(lambda start: _lines(table.iloc[start : start + size], separator), starts, workers=THREADS)


def _is_usual(table: pd.DataFrame) -> bool:
    names = table.columns
    return (
        len(names) > 0
        and names.nlevels == 1
        and all(type(name) is str for name in names)
        and all(_kind(dtype) is not None for dtype in table.dtypes)
    )


def _kind(dtype: Any) -> str | None:
    """Return how a column becomes text, or None where only pandas knows."""
    import numpy as np
    import pandas as pd

    if isinstance(dtype, pd.StringDtype):
        return "text"
    if not isinstance(dtype, np.dtype):
        return None
    if dtype == np.float64:
        return "float"
    return {"i": "integer", "u": "integer", "b": "boolean", "O": "object"}.get(dtype.kind)


def _header(names: list[str], separator: str) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=separator, lineterminator="\n").writerow(names)
    return written.getvalue().encode()


def _lines(block: pd.DataFrame, separator: str) -> pa.LargeStringArray:
    """Return the rows as they stand in the file, each with its end of line."""
    import pyarrow.compute as pc

    columns = [_cells(block.iloc[:, place], separator) for place in range(block.shape[1])]
    if len(columns) == 1:  # an empty line would be no row
        columns = [pc.if_else(pc.equal(columns[0], ""), '""', columns[0])]
    columns[-1] = pc.binary_join_element_wise(columns[-1], _text("\n"), _text(""))
    return pc.binary_join_element_wise(*columns, _text(separator)) if len(columns) > 1 else columns[0]


def _text(value: str) -> pa.Scalar:
    import pyarrow as pa

    return pa.scalar(value, pa.large_string())


def _cells(column: pd.Series, separator: str) -> pa.LargeStringArray:
    """Return a column's text, quoted where it must be."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = _kind(column.dtype)
    if kind == "float":
        return _floats(column.to_numpy())
    if kind == "integer":
        return pa.array(column.to_numpy()).cast(pa.large_string())
    if kind == "boolean":
        return pc.if_else(pa.array(column.to_numpy()), _text("True"), _text("False"))
    texts = _objects(column) if kind == "object" else pa.array(column, pa.large_string(), from_pandas=True)
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    return _quoted(texts.fill_null(""), separator)


def _objects(column: pd.Series) -> pa.LargeStringArray:
    """Return texts as they are, anything else as Python writes it."""
    import pandas as pd
    import pyarrow as pa

    try:
        found = pa.array(column.to_numpy(), from_pandas=True)
    except (pa.ArrowTypeError, pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError):
        found = None
    if found is not None and (pa.types.is_string(found.type) or pa.types.is_null(found.type)):
        return found.cast(pa.large_string())
    missing = pd.isna(column).to_numpy()
    texts = ["" if gone else str(value) for value, gone in zip(column.to_numpy(), missing, strict=True)]
    return pa.array(texts, pa.large_string())


def _quoted(texts: pa.LargeStringArray, separator: str) -> pa.LargeStringArray:
    """Put quotes around the texts that need them; texts that occur again and again are looked at once."""
    import pyarrow.compute as pc

    marks, content = _special(separator), bytes(_content(texts))
    if not any(mark.encode() in content for mark in marks):
        return texts
    coded = texts.dictionary_encode()
    if len(coded.dictionary) < len(texts) // 4:
        return _quoted(coded.dictionary, separator).take(coded.indices)
    special = pc.match_substring_regex(texts, f"[{''.join(map(re.escape, marks))}]")
    doubled = pc.replace_substring(texts.filter(special), '"', '""')
    return pc.replace_with_mask(texts, special, pc.binary_join_element_wise(_text('"'), doubled, _text('"'), _text("")))


@cache
def _special(separator: str) -> list[str]:
    """Return what makes csv quote a cell; versions of Python differ on the carriage return."""
    candidates = (separator, '"', "\n", "\r")
    return [mark for mark in candidates if _header([f"a{mark}", "b"], separator).startswith(b'"')]


def _content(texts: pa.LargeStringArray) -> memoryview:
    """Return all texts, one after the other."""
    import pyarrow as pa

    _, starts, content = texts.buffers()
    ends = pa.Array.from_buffers(pa.int64(), len(texts) + 1, [None, starts], offset=texts.offset)
    return memoryview(content or b"")[ends[0].as_py() : ends[-1].as_py()]


def _floats(values: NDArray[np.float64]) -> pa.LargeStringArray:
    """Return each number's shortest text that reads as the same number; NaN is empty."""
    import numpy as np
    import orjson
    import pyarrow as pa
    import pyarrow.compute as pc

    # orjson writes finite numbers as Python does unless either of them takes an exponent.
    size = np.abs(values)
    plain = (values == 0) | ((size >= PLAIN_FROM) & (size < PLAIN_BELOW))
    written = orjson.dumps(np.where(plain, values, 0.0), option=orjson.OPT_SERIALIZE_NUMPY)
    commas = np.flatnonzero(np.frombuffer(written, np.uint8) == ord(","))
    offsets = np.empty(len(values) + 1, np.int64)
    offsets[0] = 0
    offsets[1:-1] = commas - np.arange(1, len(values))  # what is left of it without [ and the commas before
    joined = written.translate(None, b"[],")
    offsets[-1] = len(joined)
    texts = pa.LargeStringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(joined))
    if plain.all():
        return texts
    others = ["" if value != value else repr(value) for value in values[~plain].tolist()]
    return pc.replace_with_mask(texts, pa.array(~plain), pa.array(others, pa.large_string()))
