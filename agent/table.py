"""Reads the head of a CSV file as untrusted text: how many rows, and what each column holds.

Only the standard library, and only so many bytes: a file may be huge, one endless line, or no table at all.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from agent.excerpt import shown

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_PACKED = (".zip", ".gz")  # a table packed alone is read through its packing
_MISSING = {"", "na", "nan", "n/a", "null", "none", "<na>"}
_BOOLEANS = {"true", "false"}
_NUMBER = re.compile(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?")
_Bytes = IO[bytes] | gzip.GzipFile
_CHUNK_BYTES = 1 << 20
_MAX_ROWS = 20_000
_FEW = 6


@dataclass(frozen=True)
class Column:
    """A column and, in words, what it holds."""

    name: str
    facts: str


@dataclass(frozen=True)
class Table:
    """What is known of a table; `problem` says why nothing is."""

    rows: int = 0
    rows_exact: bool = True
    sampled_rows: int = 0
    columns: tuple[Column, ...] = ()
    problem: str | None = None


def is_table(path: Path) -> bool:
    """Say whether a file's name promises a table as it lies there."""
    return path.suffix.lower() in _DELIMITERS


def is_readable(path: Path) -> bool:
    """Say whether `read_table` reads a file, which may be a table that is packed alone."""
    return _suffix(path) in _DELIMITERS


def _suffix(path: Path) -> str:
    """The suffix that tells the format, whether the file is packed or not."""
    return (path.with_suffix("") if path.suffix.lower() in _PACKED else path).suffix.lower()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[_Bytes]:
    """Open a table, unpacked while it is read; of several files in an archive, the first of the table's format."""
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as stream:
            yield stream
    elif path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if Path(name).suffix.lower() == _suffix(path)]
            if not names:
                raise OSError(f"no table among its {len(archive.namelist())} files")
            with archive.open(names[0]) as stream:
                yield stream
    else:
        with path.open("rb") as stream:
            yield stream


def delimiter_of(path: Path, header: str) -> str:
    """Return what separates the cells, by the file's name and its first line."""
    usual = _DELIMITERS[_suffix(path)]
    return ";" if usual not in header and ";" in header else usual


def read_table(path: Path, sample_bytes: int, counted_bytes: int) -> Table:
    """Read the head of a table; its lines are counted further than its cells are read."""
    try:
        with _opened(path) as stream:
            head = stream.read(sample_bytes)
            whole = len(head) < sample_bytes
            lines = _count_lines(head, stream, counted_bytes)
        rows = _rows(head if whole else head[: head.rfind(b"\n") + 1], path)
    except (OSError, EOFError, csv.Error, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        return Table(problem=f"{type(error).__name__}: {error}")
    if not rows:
        return Table(problem="no line in it can be read" if head else "it is empty")
    header, body = rows[0], rows[1:]
    columns = tuple(Column(name, _facts(_cells(body, index))) for index, name in enumerate(header))
    if whole and len(body) < _MAX_ROWS:
        return Table(len(body), True, len(body), columns)
    return Table(max(lines - 1, len(body)), False, len(body), columns)


def _count_lines(head: bytes, rest: _Bytes, limit_bytes: int) -> int:
    """Count lines, in so many bytes of the file."""
    lines, last, counted = head.count(b"\n"), head[-1:], len(head)
    while counted < limit_bytes and (chunk := rest.read(_CHUNK_BYTES)):
        lines, last, counted = lines + chunk.count(b"\n"), chunk[-1:], counted + len(chunk)
    return lines + (last not in (b"", b"\n"))


def _rows(head: bytes, path: Path) -> list[list[str]]:
    """Parse up to `_MAX_ROWS` rows and the header; empty lines are none."""
    text = head.decode("utf-8-sig", errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(path, text.split("\n", 1)[0]))
    return list(islice((row for row in reader if row), _MAX_ROWS + 1))


def _cells(body: Sequence[Sequence[str]], index: int) -> list[str]:
    return [row[index] if index < len(row) else "" for row in body]


def _facts(cells: Sequence[str]) -> str:
    """Say in words what a column holds: its kind, how many values, their range or examples, what is missing."""
    counts = Counter(cells)
    present = {value: count for value, count in counts.items() if value.strip().lower() not in _MISSING}
    if not present:
        return "empty"
    missing = 1 - sum(present.values()) / len(cells)
    note = f", {100 * missing:.2g} % missing" if missing else ""
    return f"{_kind(present)}, {_values(present)}{note}"


def _kind(values: dict[str, int]) -> str:
    if all(value.strip().lower() in _BOOLEANS for value in values):
        return "boolean"
    if all(_NUMBER.fullmatch(value) for value in values):
        return "number" if any(not _is_integer(value) for value in values) else "integer"
    return "date" if all(_DATE.fullmatch(value.strip()) for value in values) else "text"


def _values(values: dict[str, int]) -> str:
    """Say how many different values there are and which: all of a few, a range of numbers, else examples."""
    count = f"{len(values)} value{'s' if len(values) > 1 else ''}"
    if len(values) <= _FEW:
        common = sorted(values, key=lambda value: (-values[value], value))
        return f"{count}: {', '.join(_quoted(value) for value in common)}"
    if all(_NUMBER.fullmatch(value) for value in values):
        numbers = [float(value) for value in values]
        return f"{count} from {min(numbers):.6g} to {max(numbers):.6g}"
    return f"{count}, such as {', '.join(_quoted(value) for value in islice(values, 2))}"


def _is_integer(value: str) -> bool:
    return value.strip().lstrip("+-").isdigit()


def _quoted(value: str) -> str:
    return f'"{shown(value.strip(), 30)}"'
