"""Small satellite records: contrails are straight lines, colder than the rest in every band of the labelled frame."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

SIDE, FRAMES, LABELLERS = 12, 2, 3  # in reality 256 pixels, 8 frames and 4 or more labellers
RECORDS = {"train": 12, "validation": 3}


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write both folders and their metadata."""
    for name, count in RECORDS.items():
        ids = [str(number) for number in rng.integers(10**17, 9 * 10**18, count)]
        for number, id in enumerate(ids):
            record(folder / name / id, number % 4 > 0, rng)
        metadata = [{"record_id": id, **place(rng)} for id in ids]
        (folder / f"{name}_metadata.json").write_text(json.dumps(metadata), encoding="utf-8")


def place(rng: np.random.Generator) -> dict[str, object]:
    """Return where and when a record was taken."""
    row, column = (float(corner) for corner in rng.uniform(-(10**6), 10**6, 2))
    where = {"row_min": row, "row_size": 2004.017, "col_min": column, "col_size": 2004.017}
    return {**where, "timestamp": float(1577836800 + rng.integers(0, 10**7)), "projection_wkt": 'PROJCRS["unnamed"]'}


def record(folder: Path, contrail: bool, rng: np.random.Generator) -> None:
    """Write one record's bands and masks."""
    folder.mkdir(parents=True)
    rows, columns = np.indices((SIDE, SIDE))
    slope, shift = rng.choice([-1, 0, 1]), rng.integers(3, SIDE - 3)
    line = contrail & (np.abs(rows - shift - slope * (columns - SIDE // 2)) < 1)
    mask = line[..., None].astype(np.int32)
    marks = np.stack([mask & (rng.random(mask.shape) < 0.95) for _ in range(LABELLERS)], axis=-1)
    np.save(folder / "human_pixel_masks.npy", mask)
    np.save(folder / "human_individual_masks.npy", marks.astype(np.int32))
    for band in range(8, 17):
        warmth = 270 + rng.normal(size=(SIDE, SIDE, FRAMES))
        warmth[..., FRAMES // 2] -= 8 * line
        np.save(folder / f"band_{band:02}.npy", warmth.astype(np.float32))
