"""Patients with two views of each breast; the pictures of a breast with cancer are brighter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.media import Images, World, write_file

PATIENTS = 30


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the table and a picture for each of its rows."""
    patients = np.sort(rng.choice(65000, PATIENTS, replace=False))
    images = iter(rng.choice(2**31, 4 * PATIENTS, replace=False).tolist())
    rows = [row for patient in patients.tolist() for row in views(patient, images, rng)]
    table = pd.DataFrame(rows)
    table.to_csv(folder / "train.csv", index=False)
    pictures = Images(kind="images", table="train.csv", label=("cancer",), dicom={"Modality": "MG"})
    world = World(folder, {"train.csv": table})
    write_file("train_images/{patient_id}/{image_id}.dcm", pictures, world, rng)


def views(patient: int, images: Iterator[int], rng: np.random.Generator) -> list[dict[str, object]]:
    """Return the rows of one patient."""
    about = {"site_id": int(rng.integers(1, 3)), "patient_id": patient}
    age, machine = float(rng.integers(40, 80)), int(rng.choice([21, 29, 48, 49, 93, 170, 210]))
    density = rng.choice(["A", "B", "C", "D", None])
    rows = []
    for side in ("L", "R"):
        cancer = int(rng.random() < 0.25)
        biopsy = int(cancer or rng.random() < 0.1)
        found = {"cancer": cancer, "biopsy": biopsy, "invasive": int(cancer and rng.random() < 0.7)}
        birads = None if rng.random() < 0.5 else float(rng.integers(0, 3))
        rest = {"BIRADS": birads, "implant": 0, "density": density, "machine_id": machine}
        for view in ("CC", "MLO"):
            which = {"image_id": next(images), "laterality": side, "view": view, "age": age}
            hard = {"difficult_negative_case": bool(not cancer and rng.random() < 0.1)}
            rows.append({**about, **which, **found, **rest, **hard})
    return rows
