"""Small scans of few slices: each organ is a brighter disc at a place of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from harness.metrics import rle

ORGANS = {"large_bowel": (7, 6), "small_bowel": (17, 8), "stomach": (12, 15)}  # row, column of the centre
DAYS = (6, 2, 2, 1, 2, 1, 1, 2, 1, 5, 1)  # of each patient
SLICES = 2
WIDTH, HEIGHT = 20, 24


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the table and the scans."""
    rows = []
    for case, days in zip(rng.choice(np.arange(2, 157), len(DAYS), replace=False), DAYS, strict=True):
        for day in rng.choice(np.arange(0, 40), days, replace=False):
            for number in range(1, SLICES + 1):
                rows += scan(folder / "train", f"case{case}", f"day{day}", f"slice_{number:04d}", rng)
    pd.DataFrame(rows, columns=["id", "class", "segmentation"]).to_csv(folder / "train.csv", index=False)


def scan(folder: Path, case: str, day: str, name: str, rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """Write one slice; return its rows, one for each organ."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    picture, found = rng.integers(0, 2000, (HEIGHT, WIDTH)), []
    for organ, (row, column) in ORGANS.items():
        radius = rng.choice([0, 2, 3])
        mask = (rows - row - rng.integers(-1, 2)) ** 2 + (columns - column) ** 2 < radius**2
        picture += 9000 * mask
        found.append((f"{case}_{day}_{name}", organ, rle.encode(mask)))
    scans = folder / case / f"{case}_{day}" / "scans"
    scans.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture.astype(np.uint16)).save(scans / f"{name}_{WIDTH}_{HEIGHT}_1.50_1.50.png")
    return found
