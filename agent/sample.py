"""A small copy of the public data on which a script can be tried before it is run in full.

Only tables of training rows become smaller, and each stays what it is: the same columns and the same text, fewer rows.
Whatever else lies in the data, the test rows too, is linked as it is, so a script runs unchanged and its submission has
every row. Rows are drawn by a hash, the same in every run; of a value that is rare in its column some are kept, so that
no class is lost; rows that stand together as a group stay together; tables that share a key keep the same keys.

Bounded in rows, bytes and time. What can't be sampled in this way is not sampled: then no script is tried.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent.table import delimiter_of, is_table

ROWS = 1_000
MIN_ROWS = 4 * ROWS  # a table with fewer is left as it is
FEWEST_ROWS = 200
MIN_BYTES = 16 * 2**20  # of all data: below that a full run is cheap
MIN_GROUPS = 50
KEPT_OF_A_CLASS = 12  # enough to be in each of five folds
KEPT_OF_A_CATEGORY = 2  # enough to be known when the test rows, which are all there, are encoded
FEW_VALUES = 100
FEW_NUMBERS = 20
LONGEST_ROW_BYTES = 4 * 2**20
MOST_ROWS = 20 * ROWS
MOST_LINKS = 20_000
LOOKED_AT_ROWS = 10_000
SEARCHED_ROWS = 100_000  # for what is rare
MANY_GROUPS = 30
_NAMES = ("train", "label")


class NotSampled(Exception):
    """Why no sample is made."""


@dataclass(frozen=True)
class Cut:
    """One table that is smaller in the sample."""

    path: Path
    rows: int
    of: int


@dataclass(frozen=True)
class Sample:
    """The sample's folder, and what in it is smaller than in the data."""

    folder: Path
    cuts: tuple[Cut, ...]

    @property
    def about(self) -> str:
        """One line for people and models."""
        return ", ".join(f"{cut.rows:,} of {cut.of:,} rows of {cut.path}" for cut in self.cuts)


@dataclass
class _Table:
    """A table of training rows on its way into the sample."""

    path: Path
    rows: int
    columns: list[str]
    delimiter: str
    head: list[list[str]]
    kept: set[str] = field(default_factory=set)


def make_sample(data: Path, into: Path, seconds: float = 120.0, clock: Callable[[], float] = time.monotonic) -> Sample:
    """Fill the empty folder `into`; raise `NotSampled` where a sample can't be made or would not pay."""
    until = clock() + seconds
    files = _files(data)
    total = sum(files.values())
    if total < MIN_BYTES:
        raise NotSampled(f"the data are small: {total / 1e6:.1f} MB")
    tables = [table for path in files if (table := _training_table(data, path)) is not None]
    if not tables:
        raise NotSampled(f"no table of training rows has {MIN_ROWS:,} rows or more")
    tested = {name for path in files if is_table(path) and "test" in path.stem.lower() for name in _header(data / path)}
    cuts = _cut(data, into, tables, tested, lambda: clock() > until)
    _link_others(data, into, files, {cut.path for cut in cuts})
    return Sample(into, tuple(cuts))


def _files(data: Path) -> dict[Path, int]:
    """Every file below the data folder and its size; links are not followed."""
    found: dict[Path, int] = {}
    for folder, _, names in os.walk(data):
        for name in sorted(names):
            path = Path(folder) / name
            found[path.relative_to(data)] = path.lstat().st_size
    return found


def _training_table(data: Path, path: Path) -> _Table | None:
    """Read a table's beginning, if it is one of training rows and has enough of them."""
    if not is_table(path) or not any(word in path.stem.lower() for word in _NAMES) or "test" in path.stem.lower():
        return None
    full = data / path
    rows = _lines(full) - 1
    if rows < MIN_ROWS:
        return None
    records = _records(full)
    try:
        header = next(records)
        delimiter = delimiter_of(path, header.decode("utf-8-sig", "surrogateescape"))
        columns = _cells(header, delimiter)
        head = [_cells(record, delimiter) for record, _ in zip(records, range(LOOKED_AT_ROWS), strict=False)]
    except (StopIteration, csv.Error):
        return None
    return _Table(path, rows, columns, delimiter, head)


def _header(path: Path) -> list[str]:
    """Return the columns of a table; none where it can't be read."""
    try:
        first = next(_records(path), b"")
        return _cells(first, delimiter_of(path, first.decode("utf-8-sig", "surrogateescape")))
    except (OSError, csv.Error, NotSampled):
        return []


def _cut(data: Path, into: Path, tables: list[_Table], tested: Set[str], out_of_time: Callable[[], bool]) -> list[Cut]:
    """Sample the table with the most columns first; others that share its key keep the rows of the same keys."""
    first, *others = sorted(tables, key=lambda table: (-len(table.columns), table.path))
    key = _key(first, others)
    cuts = [_write(data, into, first, _chooser(first, key, tested), key, out_of_time)]
    for table in others:
        if key is not None and key in table.columns:  # one without the key stays whole
            cuts.append(_write(data, into, table, _AsOther(table, key, first.kept), None, out_of_time))
    short = next((cut for cut in cuts if cut.rows < FEWEST_ROWS), None)
    if short is not None:
        raise NotSampled(f"{short.rows} of {short.of:,} rows of {short.path} were found in the time for it")
    return cuts


def _key(table: _Table, others: Sequence[_Table]) -> str | None:
    """Return the column that the training tables share, by which their rows belong together; None where they don't."""
    shared = [name for name in table.columns if any(name in other.columns for other in others)]
    return max(shared, key=lambda name: len(set(_column(table, name))), default=None)


class _Chooser(Protocol):
    """Decides for each record of a table, in their order, whether it is kept."""

    def kept(self, record: bytes) -> list[str] | None:
        """Return the cells of a record that is kept; None of another."""
        ...


class _ByRow:
    """Keeps rows at random, the same ones each time, and of each class and category some at least.

    `tested` are the columns that test rows have, too. What is rare is looked for in the first rows alone: reading every
    cell of a table of millions would take minutes.
    """

    def __init__(self, table: _Table, tested: Set[str]) -> None:
        self._delimiter = table.delimiter
        self._share = min(1.0, ROWS / table.rows)
        self._rng = random.Random(table.rows)  # noqa: S311 - to be the same each time
        self._row = 0
        self._next = self._gap()
        quotas = [_quota(_column(table, name), known=name in tested) for name in table.columns]
        self._quotas = [(at, quota) for at, quota in enumerate(quotas) if quota]
        self._have: Counter[tuple[int, str]] = Counter()

    def _gap(self) -> int:
        """Draw how many rows on the next one is."""
        if self._share >= 1.0:
            return 1
        return 1 + int(math.log(1.0 - self._rng.random()) / math.log(1.0 - self._share))

    def kept(self, record: bytes) -> list[str] | None:
        """See `_Chooser.kept`."""
        self._row += 1
        drawn = self._row == self._next
        if drawn:
            self._next += self._gap()
        elif self._row > SEARCHED_ROWS or not self._quotas:
            return None
        cells = _cells(record, self._delimiter)
        values = [((at, cells[at]), quota) for at, quota in self._quotas if at < len(cells)]
        if not drawn and all(self._have[value] >= quota for value, quota in values):
            return None
        self._have.update(value for value, _ in values)
        return cells


class _ByKey:
    """Keeps the rows of some keys: a series stays whole, and another table that has the key can keep the same."""

    def __init__(self, table: _Table, key: str, share: float) -> None:
        self._delimiter = table.delimiter
        self._at = table.columns.index(key)
        self._most = int(min(1.0, share) * 2**64)

    def kept(self, record: bytes) -> list[str] | None:
        """See `_Chooser.kept`."""
        cells = _cells_up_to(record, self._delimiter, self._at)
        if self._at >= len(cells) or _hash(cells[self._at]) >= self._most:
            return None
        return _cells(record, self._delimiter)


class _AsOther:
    """Keeps the rows whose key another table kept."""

    def __init__(self, table: _Table, key: str, keys: Set[str]) -> None:
        self._delimiter = table.delimiter
        self._at = table.columns.index(key)
        self._keys = keys

    def kept(self, record: bytes) -> list[str] | None:
        """See `_Chooser.kept`."""
        cells = _cells_up_to(record, self._delimiter, self._at)
        return cells if self._at < len(cells) and cells[self._at] in self._keys else None


def _chooser(table: _Table, key: str | None, tested: Set[str]) -> _Chooser:
    """Choose by series where rows come in series, else by the key where it has several rows, else by row."""
    group = _group(table, tested)
    share = ROWS / table.rows
    if group is not None:
        groups = max(1, len(set(_column(table, group)))) * table.rows / max(1, len(table.head))
        return _ByKey(table, group, max(share, MIN_GROUPS / groups))
    if key is not None and len(set(_column(table, key))) < len(table.head):
        return _ByKey(table, key, share)
    return _ByRow(table, tested)


def _write(
    data: Path, into: Path, table: _Table, chooser: _Chooser, key: str | None, out_of_time: Callable[[], bool]
) -> Cut:
    """Write a table's header and the rows that are kept, in their own bytes; note the keys of these."""
    target = into / table.path
    _make_folder(into, table.path.parent)
    at = None if key is None else table.columns.index(key)
    count = 0
    with target.open("wb") as file:
        for number, record in enumerate(_records(data / table.path)):
            if number == 0:
                file.write(record)
                continue
            if number % 4096 == 0 and out_of_time():
                break
            cells = chooser.kept(record)
            if cells is None:
                continue
            file.write(record)
            count += 1
            if at is not None and at < len(cells):
                table.kept.add(cells[at])
            if count >= MOST_ROWS:
                break
    target.chmod(0o644)
    return Cut(table.path, count, table.rows)


def _link_others(data: Path, into: Path, files: dict[Path, int], cut: set[Path]) -> None:
    """Link what is not smaller: file by file, so that a walk finds it; whole folders where there are too many files."""
    one_by_one = len(files) <= MOST_LINKS
    linked: set[Path] = set()
    for path in files:
        top = _topmost_without(path, cut)
        place = path if one_by_one or top == path else top
        if path in cut or place in linked:
            continue
        linked.add(place)
        _make_folder(into, place.parent)
        (into / place).symlink_to((data / place).resolve())


def _topmost_without(path: Path, cut: set[Path]) -> Path:
    """Return the highest folder on the way to a file that holds no table that was cut; the file where each does."""
    holding = {parent for one in cut for parent in one.parents}
    above = [parent for parent in reversed(path.parents) if parent != Path()]
    return next((parent for parent in above if parent not in holding), path)


def _make_folder(into: Path, relative: Path) -> None:
    for parent in (*reversed(relative.parents), relative):
        folder = into / parent
        if parent != Path() and not folder.is_dir():
            folder.mkdir()
            folder.chmod(0o755)


def _group(table: _Table, tested: Set[str]) -> str | None:
    """Return the column whose values stand together, each in one place, as the rows of one series do.

    Not a label by which a table is sorted: test rows have the column, or there are very many groups.
    """
    found = []
    for name in table.columns:
        values = _column(table, name)
        runs = sum(1 for before, value in zip([None, *values], values, strict=False) if before != value)
        different = len(set(values))
        enough = MANY_GROUPS if name in tested else FEW_VALUES
        if runs == different and 2 * different <= len(values) and different >= enough:
            found.append((different, name))
    return min(found)[1] if found else None


def _quota(values: Sequence[str], *, known: bool) -> int:
    """Return how many rows of each value of a column are kept at least: of classes, which test rows lack, more."""
    different = set(values)
    if not 1 < len(different) <= FEW_VALUES:
        return 0
    if not known:
        return KEPT_OF_A_CLASS
    numbers = all(re.fullmatch(r"[-+]?[\d.]*(?:[eE][-+]?\d+)?", value) for value in different)
    return 0 if numbers and len(different) > FEW_NUMBERS else KEPT_OF_A_CATEGORY


def _column(table: _Table, name: str) -> list[str]:
    at = table.columns.index(name)
    return [row[at] if at < len(row) else "" for row in table.head]


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest())


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _records(path: Path) -> Iterator[bytes]:
    """Yield a table's records as they stand; one with a line break between quotes has several lines."""
    with path.open("rb") as file:
        record = b""
        while line := file.readline(LONGEST_ROW_BYTES + 1):
            record += line
            if len(record) > LONGEST_ROW_BYTES:
                raise NotSampled(f"{path.name} has a row of more than {LONGEST_ROW_BYTES} bytes")
            if b'"' not in record or record.count(b'"') % 2 == 0:
                if record.strip():
                    yield record if record.endswith(b"\n") else record + b"\n"
                record = b""


def _cells_up_to(record: bytes, delimiter: str, at: int) -> list[str]:
    """Return the cells of a record, at least those up to `at`, where these are quicker to be had."""
    if b'"' in record:
        return _cells(record, delimiter)
    parts = record.rstrip(b"\r\n").split(delimiter.encode(), at + 1)
    return [part.decode("utf-8", "surrogateescape") for part in parts[: at + 1]]


def _cells(record: bytes, delimiter: str) -> list[str]:
    text = record.decode("utf-8-sig", "surrogateescape")
    if '"' not in text:
        return text.rstrip("\r\n").split(delimiter)
    return next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
