"""Small chest pictures, each read by three radiologists, who agree but for a few pixels; findings make it brighter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.media import Images, World, write_file

CLASSES = (
    "Aortic enlargement",
    "Atelectasis",
    "Calcification",
    "Cardiomegaly",
    "Consolidation",
    "ILD",
    "Infiltration",
    "Lung Opacity",
    "Nodule/Mass",
    "Other lesion",
    "Pleural effusion",
    "Pleural thickening",
    "Pneumothorax",
    "Pulmonary fibrosis",
    "No finding",
)
NO_FINDING = len(CLASSES) - 1


def write(folder: Path, rng: np.random.Generator, images: int) -> None:
    """Write the table and the pictures."""
    ids = [f"{high:016x}{low:016x}" for high, low in rng.integers(2**63, size=(images, 2))]
    drawn = [(id, int(rng.choice([0, 0, 1, 2, 4]))) for id in ids]
    rows = [row for id, count in drawn for row in readings(id, count, rng)]
    columns = ["image_id", "class_name", "class_id", "rad_id", "x_min", "y_min", "x_max", "y_max"]
    table = pd.DataFrame([rows[number] for number in rng.permutation(len(rows))], columns=columns)
    table.to_csv(folder / "train.csv", index=False)
    known = pd.DataFrame(drawn, columns=["image_id", "findings"])
    pictures = Images(kind="images", table="known", label=("findings",), size=(8, 8), dicom={"Modality": "DX"})
    write_file("train/{image_id}.dcm", pictures, World(folder, {"known": known}), rng)
    for path in (folder / "train").iterdir():
        path.rename(path.with_suffix(".dicom"))


def readings(id: str, count: int, rng: np.random.Generator) -> list[tuple[object, ...]]:
    """Return what three radiologists saw: boxes, or nothing."""
    readers = [f"R{number}" for number in rng.choice(np.arange(1, 18), 3, replace=False)]
    if not count:
        return [(id, CLASSES[NO_FINDING], NO_FINDING, reader, None, None, None, None) for reader in readers]
    rows: list[tuple[object, ...]] = []
    for kind in rng.choice(5, count).tolist():  # mostly few classes, so that each is in test
        corner, size = rng.integers(100, 1800, 2), rng.integers(80, 600, 2)
        for reader in readers[: rng.integers(1, 4)]:
            box = np.concatenate([corner, corner + size]) + rng.integers(-20, 21, 4)
            rows.append((id, CLASSES[kind], kind, reader, *map(float, box)))
    return rows
