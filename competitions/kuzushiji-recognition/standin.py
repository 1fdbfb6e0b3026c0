"""Small pages on which each of a few characters is a filled box of its own grey."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from PIL import Image

from harness.standin.media import pack

CHARACTERS = {"U+306F": "は", "U+304C": "が", "U+306E": "の", "U+3092": "を", "U+5927": "大", "U+003F": "?"}
WIDTH, HEIGHT = 48, 64
PAGES = 40


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the table, the pages in their archive, and the list of characters."""
    translation = pd.DataFrame(CHARACTERS.items(), columns=["Unicode", "char"])
    translation.to_csv(folder / "unicode_translation.csv", index=False)
    ids = [f"{100241706 + 3 * page}_{page:05d}_{page % 2 + 1}" for page in rng.permutation(PAGES)]
    with TemporaryDirectory(dir=folder) as inside:
        labels = [draw(Path(inside) / f"{id}.jpg", rng) for id in ids]
        pack(Path(inside), folder / "train_images.zip")
    pd.DataFrame({"image_id": ids, "labels": labels}).to_csv(folder / "train.csv", index=False)


def draw(path: Path, rng: np.random.Generator) -> str:
    """Write a page; return its characters with their boxes, in no order."""
    page, found = np.full((HEIGHT, WIDTH), 235, dtype=np.uint8), []
    names = list(CHARACTERS)
    for left in range(WIDTH - 14, 0, -15):
        for top in range(3, HEIGHT - 14, 15):
            if rng.random() < 0.6:
                kind, (width, height) = int(rng.integers(len(names))), rng.integers(7, 12, 2)
                page[top : top + height, left : left + width] = 30 * kind
                found.append(f"{names[kind]} {left} {top} {width} {height}")
    Image.fromarray(page).save(path, quality=80)
    return " ".join(found[number] for number in rng.permutation(len(found))) or f"{names[0]} 1 1 5 5"
