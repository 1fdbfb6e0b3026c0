"""Metrics of orders: the same items, put into a row by the truth and by the prediction.

An order is one text of items with blanks between two. What belongs into an order is not guessed: a prediction that
drops, repeats or invents an item is an invalid submission.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import InvalidSubmission
from harness.metrics.registry import Array, metric

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]


@metric("kendall_tau_of_orders", direction="maximize", takes="anything")
def kendall_tau_of_orders(truth: Array, prediction: Array) -> float:
    """Kendall's tau of item orders, pooled over the rows: 1 - 4 Σ swaps / Σ n (n - 1); -1 to 1.

    Swaps are the pairs that stand the other way round in the truth; a row of one item counts nothing. No row with two
    items is a ValueError. Source: Kaggle's AI4Code.
    """
    ranks, lengths = _ranks(truth, prediction)
    pairs = (lengths * (lengths - 1)).sum()
    if not pairs:
        raise ValueError("no order has two items")
    return float(1 - 4 * inversions(ranks, lengths) / pairs)


def inversions(ranks: Integers, blocks: Integers) -> int:
    """Count the pairs out of order within each block; `blocks` says how long they are, one after the other.

    The ranks of a block of n are 0 … n-1, each once. Bit by bit from the highest, blocks are parted stably into zeros
    and ones: a pair is out of order exactly if a 1 stands before a 0 at the highest bit where the two differ.
    O(n log n).
    """
    import numpy as np

    total, place = 0, np.arange(len(ranks))
    first, lengths = np.repeat(np.cumsum(blocks) - blocks, blocks), np.repeat(blocks, blocks)  # of each one's block
    for bit in reversed(range(int(lengths.max(initial=1)).bit_length())):
        one = (ranks >> bit) & 1
        before = np.cumsum(one) - one
        in_block = before - before[first]
        total += int(in_block[one == 0].sum())
        last = first + lengths - 1
        ones = before[last] + one[last] - before[first]
        target = np.where(one == 1, first + lengths - ones + in_block, place - in_block)
        first, lengths = np.where(one == 1, first + lengths - ones, first), np.where(one == 1, ones, lengths - ones)
        moved = np.empty((3, len(ranks)), dtype=np.int64)
        moved[:, target] = ranks, first, lengths
        ranks, first, lengths = moved
    return total


def _ranks(truth: Array, prediction: Array) -> tuple[Integers, Integers]:
    """Return each predicted item's place in the truth, row after row, and the rows' lengths."""
    import numpy as np
    import pyarrow.compute as pc

    (true_row, true_item), (row, item) = _items(truth), _items(prediction)
    lengths = np.bincount(true_row, minlength=len(truth))
    found = np.bincount(row, minlength=len(truth))
    _refuse(found != lengths, lambda bad: f"{found[bad]} items, expected {lengths[bad]}")
    keys, true_keys = _keys(row, item), _keys(true_row, true_item)
    places = pc.index_in(keys, value_set=true_keys).fill_null(-1).to_numpy().astype(np.int64)
    _refuse(places < 0, lambda bad: "an item that is not to be ordered there", row)
    seen = np.bincount(places, minlength=len(places))
    _refuse(seen[places] > 1, lambda bad: "an item twice", row)
    starts = np.cumsum(lengths) - lengths
    return places - np.repeat(starts, lengths), lengths


def _items(texts: Array) -> tuple[Integers, pa.Array]:
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(pa.array(texts, type=pa.large_string()))
    lists = pc.utf8_split_whitespace(trimmed)
    return pc.list_parent_indices(lists).to_numpy(), pc.list_flatten(lists)


def _keys(row: Integers, item: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(pa.array(row).cast(pa.large_string()), item, pa.scalar(" ", pa.large_string()))


def _refuse(bad: NDArray[np.bool_], found: Any, row: Integers | None = None) -> None:
    if bad.any():
        first = int(bad.argmax())
        number = first if row is None else int(row[first])
        raise InvalidSubmission(f"the order of test row {number + 1} (in the sample's order) holds {found(first)}")
