"""Studies of one or two chest pictures, brighter with each kind of appearance; boxes on those that are not negative."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.media import Images, World, write_file

STUDIES = 60
APPEARANCES = ("Negative for Pneumonia", "Typical Appearance", "Indeterminate Appearance", "Atypical Appearance")


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write both tables and the pictures."""
    names = iter([f"{number:012x}" for number in rng.choice(2**48, 4 * STUDIES)])
    studies, images = [], []
    for _ in range(STUDIES):
        kind, study = int(rng.choice(4, p=[0.3, 0.4, 0.15, 0.15])), next(names)
        studies.append([f"{study}_study", *(int(kind == number) for number in range(4))])
        for _ in range(1 if rng.random() < 0.8 else 2):
            boxes = [box(rng) for _ in range(0 if kind == 0 else rng.integers(1, 4))]
            listed = [dict(zip(("x", "y", "width", "height"), one, strict=True)) for one in boxes]
            label = " ".join(f"opacity 1 {x} {y} {x + w:.5f} {y + h:.5f}" for x, y, w, h in boxes) or "none 1 0 0 1 1"
            images.append([next(names), str(listed) if boxes else None, label, study, next(names), kind])
    table = pd.DataFrame(images, columns=["image", "boxes", "label", "StudyInstanceUID", "series", "kind"])
    pictures = Images(kind="images", table="images", label=("kind",), dicom={"Modality": "DX"})
    write_file("train/{StudyInstanceUID}/{series}/{image}.dcm", pictures, World(folder, {"images": table}), rng)
    pd.DataFrame(studies, columns=["id", *APPEARANCES]).to_csv(folder / "train_study_level.csv", index=False)
    table.insert(0, "id", table["image"] + "_image")
    table[["id", "boxes", "label", "StudyInstanceUID"]].to_csv(folder / "train_image_level.csv", index=False)


def box(rng: np.random.Generator) -> tuple[float, ...]:
    """Return left, top, width and height."""
    return tuple(float(np.round(number, 5)) for number in rng.uniform((200, 200, 300, 300), (1500, 1500, 1200, 1500)))
