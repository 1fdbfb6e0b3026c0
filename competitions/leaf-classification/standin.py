"""Stand-in leaves: 99 species, three descriptions of 64 numbers each, and a small black-and-white picture."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from harness.standin.media import pack

PER_SPECIES = 3


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the zips of the table and of the pictures."""
    spec = yaml.safe_load((Path(__file__).parent / "competition.yaml").read_text(encoding="utf-8"))
    species = [name for name in spec["submission"]["columns"] if name != "id"] * PER_SPECIES
    ids = np.sort(rng.choice(np.arange(1, 1585), len(species), replace=False))
    table = pd.DataFrame({"id": ids, "species": rng.permutation(species)})
    middle = {name: rng.uniform(0, 0.1, 192) for name in sorted(set(species))}
    values = np.stack([middle[name] for name in table.species]) + rng.normal(0, 0.01, (len(species), 192))
    names = [f"{kind}{number}" for kind in ("margin", "shape", "texture") for number in range(1, 65)]
    table = pd.concat([table, pd.DataFrame(np.clip(values, 0, None).round(6), columns=names)], axis=1)
    for name, members in (("train.csv.zip", _table), ("images.zip", _pictures)):
        inside = folder / f".{name}"
        inside.mkdir()
        members(table, inside)
        pack(inside, folder / name)
        shutil.rmtree(inside)


def _table(table: pd.DataFrame, folder: Path) -> None:
    table.to_csv(folder / "train.csv", index=False)


def _pictures(table: pd.DataFrame, folder: Path) -> None:
    """Write an ellipse a leaf, its shape by the first two numbers."""
    (folder / "images").mkdir()
    y, x = np.mgrid[-1:1:24j, -1:1:24j]
    for id, width, height in zip(table.id, table.shape1, table.shape2, strict=True):
        leaf = (x / (0.3 + 6 * width)) ** 2 + (y / (0.3 + 6 * height)) ** 2 < 1
        Image.fromarray((255 * leaf).astype(np.uint8)).save(folder / "images" / f"{id}.jpg")
