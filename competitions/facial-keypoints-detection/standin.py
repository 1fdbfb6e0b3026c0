"""Made-up faces: a bright spot where the nose is, the other points around it, some of them not marked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

POINTS = (
    "left_eye_center right_eye_center left_eye_inner_corner left_eye_outer_corner right_eye_inner_corner "
    "right_eye_outer_corner left_eyebrow_inner_end left_eyebrow_outer_end right_eyebrow_inner_end "
    "right_eyebrow_outer_end nose_tip mouth_left_corner mouth_right_corner mouth_center_top_lip "
    "mouth_center_bottom_lip"
)
SIDE = 96


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write training.zip with training.csv: 30 pictures."""
    names = [f"{point}_{axis}" for point in POINTS.split() for axis in "xy"]
    around = rng.uniform(-15, 15, len(names))
    rows = []
    for _ in range(30):
        nose = rng.integers(30, 66, 2)
        picture = np.full((SIDE, SIDE), 40)
        picture[nose[1] - 2 : nose[1] + 3, nose[0] - 2 : nose[0] + 3] = 230
        points = around + np.tile(nose, len(names) // 2) + rng.normal(0, 0.5, len(names))
        rows.append([*points.round(6), " ".join(map(str, picture.ravel()))])
    table = pd.DataFrame(rows, columns=[*names, "Image"])
    table[names] = table[names].mask(rng.random((len(table), len(names))) < 0.3)
    entry = zipfile.ZipInfo("training.csv")
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(folder / "training.zip", "w") as archive:
        archive.writestr(entry, table.to_csv(index=False))
