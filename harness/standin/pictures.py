"""Draws small pictures for stand-ins that a competition's own code writes: a picture's colour tells its category.

Where they go, and what stands beside them in tables, metadata or records, is that code's affair.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

SIDE = 16


class Drawn(NamedTuple):
    """One picture: which category it shows, and its JPEG."""

    category: int
    jpeg: bytes


def draw(rng: np.random.Generator, counts: Sequence[tuple[int, int]]) -> list[Drawn]:
    """Return shuffled pictures, so many of each category: `counts` are pairs of category and number."""
    categories = [category for category, count in counts for _ in range(count)]
    colours = {category: rng.integers(30, 226, 3) for category, _ in counts}
    pictures = [Drawn(category, jpeg(rng, colours[category])) for category in categories]
    return [pictures[place] for place in rng.permutation(len(pictures))]


def jpeg(rng: np.random.Generator, colour: ArrayLike) -> bytes:
    """Return a small JPEG of roughly one colour."""
    import numpy as np
    from PIL import Image

    pixels = np.clip(np.asarray(colour) + rng.normal(0, 12, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def put(path: Path, content: bytes) -> None:
    """Write a file, folders made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
