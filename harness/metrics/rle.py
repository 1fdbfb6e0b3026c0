"""Run-length coded masks: `start length start length …`, pixels counted from 1, as segmentation competitions hand in.

Most figures about two masks follow from their runs alone, so masks of billions of pixels are compared without painting
them. Whether pixels are counted down the columns or along the rows matters only where a mask is painted; nothing here
knows image sizes or columns of tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Mask = NDArray[Any]

Order = Literal[
    "down", "across"
]  # which neighbour comes next: the one below (column-major) or to the right (row-major)
NOTHING = ("", "-")  # how a mask without a pixel is written


class Runs(NamedTuple):
    """Runs of a mask in order: each covers the pixels from `starts`, counted from 0, up to but not including `ends`."""

    starts: Integers
    ends: Integers

    @property
    def area(self) -> int:
        """The number of pixels."""
        return int((self.ends - self.starts).sum())


def parse(text: str, size: int | None = None) -> Runs:
    """Return the runs of a coded mask of `size` pixels; ValueError unless they are in order, apart and within it."""
    import numpy as np

    text = text.strip()
    try:
        numbers = np.array([] if text in NOTHING else text.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        raise ValueError("a mask is coded in whole numbers: start length start length …") from None
    if len(numbers) % 2:
        raise ValueError(f"a mask is coded in pairs of start and length, found {len(numbers)} numbers")
    starts, lengths = numbers[0::2] - 1, numbers[1::2]
    ends = starts + lengths
    if (starts < 0).any() or (ends <= starts).any():  # a sum too large for 64 bits shows as a negative end
        raise ValueError("starts and lengths of runs count from 1")
    if (starts[1:] < ends[:-1]).any():
        raise ValueError("runs overlap or are not in order")
    if size is not None and len(ends) and ends[-1] > size:
        raise ValueError(f"a run ends at pixel {ends[-1]} of a mask that has {size}")
    return Runs(starts, ends)


def overlap(first: Runs, second: Runs) -> int:
    """Return how many pixels two masks share, from their runs alone."""
    return int((_pixels_before(second, first.ends) - _pixels_before(second, first.starts)).sum())


def pixels(runs: Runs) -> Integers:
    """Return the numbers of all pixels of a mask, from 0, in order."""
    import numpy as np

    lengths = runs.ends - runs.starts
    before = np.cumsum(lengths) - lengths  # pixels of the runs before each
    return np.repeat(runs.starts - before, lengths) + np.arange(lengths.sum())


def decode(text: str, height: int, width: int, order: Order = "down") -> Mask:
    """Return the mask as a Boolean array (height, width)."""
    import numpy as np

    flat = np.zeros(height * width, dtype=bool)
    flat[pixels(parse(text, flat.size))] = True
    return flat.reshape(width, height).T if order == "down" else flat.reshape(height, width)


def encode(mask: Mask, order: Order = "down") -> str:
    """Return the code of a mask (height, width): what is not 0 belongs to it."""
    import numpy as np

    flat = (mask.T if order == "down" else mask).ravel() != 0
    edges = np.flatnonzero(np.diff(flat.astype(np.int8), prepend=0, append=0))
    starts, ends = edges[0::2], edges[1::2]
    return " ".join(map(str, np.column_stack([starts + 1, ends - starts]).ravel().tolist()))


def _pixels_before(runs: Runs, places: Integers) -> Integers:
    """Return how many pixels of the mask lie before each place."""
    import numpy as np

    covered = np.concatenate([[0], np.cumsum(runs.ends - runs.starts)])
    begun = np.searchsorted(runs.starts, places, side="left")  # runs that start before the place
    last = np.maximum(begun - 1, 0)
    cut = np.maximum(runs.ends[last] - places, 0) if len(runs.ends) else np.zeros_like(places)
    return covered[begun] - np.where(begun > 0, cut, 0)
