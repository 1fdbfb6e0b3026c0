"""Writes radar records as JSON inside 7z archives: no kind of stand-in file says arrays within records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data import sevenzip

if TYPE_CHECKING:
    import numpy as np

ROWS = {"train": 80, "test": 12}
PIXELS = 12 * 12  # 75 × 75 in the real one


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write both archives; icebergs are brighter in one band, and some angles are missing."""
    for name, rows in ROWS.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps([record(rng, name == "train") for _ in range(rows)]), encoding="utf-8")
        sevenzip.pack(folder / f"{name}.json.7z", [(path, f"data/processed/{name}.json")])
        path.unlink()


def record(rng: np.random.Generator, labelled: bool) -> dict[str, Any]:
    """Return one radar image of two bands in decibels."""
    iceberg = int(rng.random() < 0.5)
    angle = round(float(rng.uniform(30, 45)), 4) if rng.random() > 0.08 else "na"
    levels = {"band_1": -20 + 4 * iceberg, "band_2": -25}
    bands = {band: (level + 3 * rng.normal(size=PIXELS)).round(3).tolist() for band, level in levels.items()}
    return {"id": rng.bytes(4).hex(), **bands, "inc_angle": angle, **({"is_iceberg": iceberg} if labelled else {})}
