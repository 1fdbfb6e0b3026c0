"""Checks columns whose values hold several things each: run-length pairs of masks, and lists of items.

The values stay text, as metrics take them; this only says which row does not fit its declaration. Values are split
block by block as the file was read, so memory stays small beside the file, and all work is on whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.grading import cells
from harness.grading.cells import Misfit
from harness.specs.columns import ListColumn, RleColumn

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Values = NDArray[Any]

LARGEST_PIXEL = 2**40


def check(texts: pa.ChunkedArray, column: RleColumn | ListColumn) -> None:
    """Raise Misfit, its row counted over the whole column, unless every value fits the declaration."""
    before = 0
    for chunk in texts.chunks:
        try:
            if isinstance(column, RleColumn):
                _check_runs(chunk, column)
            else:
                _check_list(chunk, column)
        except Misfit as bad:
            raise Misfit(before + bad.row, bad.allowed, bad.found) from None
        before += len(chunk)


@dataclass(frozen=True)
class _Split:
    """Values that are not empty, taken apart: `counts` items of `items` belong to each of the rows."""

    texts: pa.Array
    rows: Values
    items: pa.Array
    counts: Values

    def refuse(self, row: int, allowed: str) -> None:
        raise Misfit(row, allowed, self.texts[row].as_py())

    def refuse_rows(self, wrong: Values, allowed: str) -> None:
        """`wrong` has a flag for each row."""
        if wrong.any():
            self.refuse(int(self.rows[wrong.argmax()]), allowed)

    def refuse_items(self, wrong: Values, allowed: str) -> None:
        """`wrong` has a flag for each item."""
        if wrong.any():
            self.refuse(self.row_of(int(wrong.argmax())), allowed)

    def row_of(self, item: int) -> int:
        return int(self.rows[self.counts.cumsum().searchsorted(item, side="right")])

    def owners(self) -> Values:
        """The row of each item."""
        return self.rows.repeat(self.counts)


def _check_runs(texts: pa.Array, column: RleColumn) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pc.is_in(pc.ascii_trim_whitespace(texts), value_set=pa.array(column.spellings_of_nothing, pa.string()))
    split = _split(texts, nothing, " ")
    split.refuse_rows(split.counts % 2 == 1, "pairs of start and length")
    try:
        numbers = cells.plain_integers(pa.chunked_array([split.items]))
    except Misfit as bad:
        raise Misfit(split.row_of(bad.row), "whole numbers", bad.found) from None
    starts, lengths = numbers[0::2], numbers[1::2]
    runs = replace(split, counts=split.counts // 2)
    runs.refuse_items((starts < 1) | (lengths < 1), "starts and lengths from 1")
    most = column.pixels or LARGEST_PIXEL
    ends = starts + lengths - 1  # overflow shows as a negative end
    runs.refuse_items((ends > most) | (ends < starts), f"runs within {most} pixels")
    owners = runs.owners()
    overlaps = (starts[1:] <= ends[:-1]) & (owners[1:] == owners[:-1])
    if overlaps.any():
        split.refuse(int(owners[1:][overlaps.argmax()]), "runs in order that do not overlap")


def _check_list(texts: pa.Array, column: ListColumn) -> None:
    import pyarrow.compute as pc

    nothing = pc.equal(pc.ascii_trim_whitespace(texts), "")
    if column.least > 0 and pc.any(nothing).as_py():
        raise Misfit(nothing.index(True).as_py(), _counted("at least", column.least), "")
    split = _split(texts, nothing, column.separator)
    split.refuse_rows(split.counts < column.least, _counted("at least", column.least))
    if column.most is not None:
        split.refuse_rows(split.counts > column.most, _counted("at most", column.most))
    split.refuse_rows(split.counts % column.groups_of != 0, f"items in groups of {column.groups_of}")
    split.refuse_items(
        pc.equal(pc.utf8_trim_whitespace(split.items), "").to_numpy(zero_copy_only=False), "no empty item"
    )
    for place in range(len(column.items)):
        _check_items(split, column, place)
    if column.unique:
        _refuse_repeated(split)


def _check_items(split: _Split, column: ListColumn, place: int) -> None:
    """Check the items at every n-th place against the declaration whose turn it is."""
    import numpy as np
    import pyarrow as pa

    turns = len(column.items)
    if column.items[place].type == "text":
        return
    items = split.items if turns == 1 else split.items.take(np.arange(place, len(split.items), turns))
    chunked = pa.chunked_array([items])
    try:
        if column.items[place].type == "integer":
            cells.plain_integers(chunked)  # what reads the text later need not read 7.0
        cells.read(chunked, column.items[place])
    except Misfit as bad:
        raise Misfit(split.row_of(bad.row * turns + place), f"items each {bad.allowed}", bad.found) from None


def _refuse_repeated(split: _Split) -> None:
    import numpy as np

    spellings = split.items.dictionary_encode()
    kinds = len(spellings.dictionary) + 1
    keys = split.owners() * kinds + spellings.indices.to_numpy()
    again = np.ones(len(keys), dtype=bool)
    again[np.unique(keys, return_index=True)[1]] = False
    split.refuse_items(again, "no item twice")


def _split(texts: pa.Array, nothing: pa.Array, separator: str) -> _Split:
    import numpy as np
    import pyarrow.compute as pc

    rows = np.flatnonzero(~nothing.to_numpy(zero_copy_only=False))
    taken = texts if len(rows) == len(texts) else texts.take(rows)
    if separator == " ":
        lists = pc.ascii_split_whitespace(pc.ascii_trim_whitespace(taken))
    else:
        lists = pc.split_pattern(taken, pattern=separator)
    return _Split(texts, rows, lists.flatten(), pc.list_value_length(lists).to_numpy())


def _counted(what: str, count: int) -> str:
    return f"{what} {count} item{'' if count == 1 else 's'}"
