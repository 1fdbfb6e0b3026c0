"""Small kidney sections: glomeruli are darker squares, given as masks and as outlines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from harness.metrics import rle

LABELLED, UNLABELLED = 15, 5
SQUARE = 6


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the tables and the labelled images."""
    ids = [f"{number:08x}f" for number in rng.choice(2**32, LABELLED + UNLABELLED, replace=False)]
    sizes = rng.integers(36, 49, (len(ids), 2)).tolist()
    (folder / "train").mkdir()
    codes = [draw(folder / "train", id, size, rng) for id, size in zip(ids[:LABELLED], sizes, strict=False)]
    pd.DataFrame({"id": ids[:LABELLED], "encoding": codes}).to_csv(folder / "train.csv", index=False)
    rows = [about(id, size, rng) for id, size in zip(ids, sizes, strict=True)]
    table = pd.DataFrame([rows[number] for number in rng.permutation(len(rows))])
    table.to_csv(folder / "HuBMAP-20-dataset_information.csv", index=False)


def about(id: str, size: list[int], rng: np.random.Generator) -> dict[str, object]:
    """Return the row of information about one image."""
    files = (id, f"{id}.tiff", f"{id}-anatomical-structure.json", f"{id}.json")
    height, weight = float(np.round(rng.uniform(150, 195), 1)), float(np.round(rng.uniform(50, 110), 1))
    cortex = int(rng.integers(50, 100))
    return {
        "image_file": files[1],
        "width_pixels": size[0],
        "height_pixels": size[1],
        "anatomical_structures_segmention_file": files[2],
        "glomerulus_segmentation_file": files[3],
        "patient_number": int(rng.integers(60000, 70000)),
        "race": "White",
        "ethnicity": "Not Hispanic or Latino",
        "sex": str(rng.choice(["Male", "Female"])),
        "age": int(rng.integers(30, 80)),
        "weight_kilograms": weight,
        "height_centimeters": height,
        "bmi_kg/m^2": round(weight / (height / 100) ** 2, 1),
        "laterality": str(rng.choice(["Left", "Right"])),
        "percent_cortex": cortex,
        "percent_medulla": 100 - cortex,
    }


def draw(folder: Path, id: str, size: list[int], rng: np.random.Generator) -> str:
    """Write an image with its outlines; return the code of its mask."""
    width, height = size
    mask = np.zeros((height, width), dtype=int)
    corners = [(x, y) for x in range(2, width - SQUARE, 11) for y in range(2, height - SQUARE, 11)]
    chosen = [corners[number] for number in rng.permutation(len(corners))[: rng.integers(2, 6)]]
    for x, y in chosen:
        mask[y : y + SQUARE, x : x + SQUARE] = 1
    pink = np.array([230, 180, 210]) - 70 * mask[..., None] + rng.integers(0, 16, (height, width, 1))
    Image.fromarray(pink.astype(np.uint8)).save(folder / f"{id}.tiff")
    outlines = [feature("glomerulus", x, y, x + SQUARE, y + SQUARE) for x, y in chosen]
    (folder / f"{id}.json").write_text(json.dumps(outlines), encoding="utf-8")
    cortex = [feature("Cortex", 0, 0, width, height)]
    (folder / f"{id}-anatomical-structure.json").write_text(json.dumps(cortex), encoding="utf-8")
    return rle.encode(mask)


def feature(name: str, left: int, top: int, right: int, bottom: int) -> dict[str, object]:
    """Return an outline as the annotation tool writes it."""
    ring = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    kind = {"classification": {"name": name, "colorRGB": -3140401}, "isLocked": False}
    return {"type": "Feature", "id": "PathAnnotationObject", "geometry": shape, "properties": kind}
