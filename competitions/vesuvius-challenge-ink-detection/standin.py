"""Three small fragments: ink raises the density of the middle slices of the surface volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from harness.metrics import rle

SLICES = 8  # the real volumes have 65
SIZES = {"1": (48, 40), "2": (44, 56), "3": (52, 36)}  # width, height


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write all fragments."""
    for name, (width, height) in SIZES.items():
        fragment = folder / "train" / name
        (fragment / "surface_volume").mkdir(parents=True)
        ink = letters(width, height, rng)
        save(fragment / "inklabels.png", ink * 255)
        save(fragment / "mask.png", np.full((height, width), 255))
        save(fragment / "ir.png", 140 - 60 * ink + rng.integers(0, 20, ink.shape))
        table = pd.DataFrame({"Id": [name], "Predicted": [rle.encode(ink, "across")]})
        table.to_csv(fragment / "inklabels_rle.csv", index=False)
        for depth in range(SLICES):
            density = 20000 + 9000 * ink * (2 <= depth <= 5) + rng.integers(0, 8000, ink.shape)
            Image.fromarray(density.astype(np.uint16)).save(fragment / "surface_volume" / f"{depth:02d}.tif")


def letters(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of strokes."""
    ink = np.zeros((height, width), dtype=int)
    for _ in range(5):
        x, y = rng.integers(2, width - 10), rng.integers(2, height - 12)
        ink[y : y + 10, x : x + 2] = 1
        ink[y + 4 : y + 6, x : x + 8] = 1
    return ink


def save(path: Path, pixels: np.ndarray) -> None:
    """Write an 8-bit picture."""
    Image.fromarray(pixels.astype(np.uint8)).save(path)
