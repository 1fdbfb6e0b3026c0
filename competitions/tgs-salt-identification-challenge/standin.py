"""Seismic pictures in which salt, below a slanted line, is darker."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from PIL import Image

from harness.metrics import rle
from harness.standin.media import pack

SIDE = 101
IMAGES = 40


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the nested archive and the depths."""
    ids = [f"{number:08x}ab" for number in rng.choice(2**32, IMAGES + 8, replace=False)]
    depths = pd.DataFrame({"id": ids, "z": rng.integers(50, 960, len(ids))})
    depths.to_csv(folder / "depths.csv", index=False)
    with TemporaryDirectory(dir=folder) as inside:
        files = Path(inside) / "competition_data"
        codes = [draw(files / "train", id, rng) for id in ids[:IMAGES]]
        pd.DataFrame({"id": ids[:IMAGES], "rle_mask": codes}).to_csv(files / "train.csv", index=False)
        pack(Path(inside), folder / "competition_data.zip")


def draw(folder: Path, id: str, rng: np.random.Generator) -> str:
    """Write a picture and its mask; return the mask's code. A third of the masks are empty, a few are full."""
    height, slope = rng.choice([-60, -60, 10, 30, 60, 90, 400]), rng.uniform(-0.5, 0.5)
    rows, columns = np.indices((SIDE, SIDE))
    salt = rows + slope * (columns - SIDE / 2) < height
    grey = np.where(salt, 90, 150) + rng.integers(-2, 3, (SIDE, 1)) * 8
    for kind, pixels in (("images", grey.astype(np.uint8)), ("masks", salt.astype(np.uint16) * 65535)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / kind / f"{id}.png")
    return rle.encode(salt)
