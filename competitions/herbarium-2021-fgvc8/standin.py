"""Raw data of the stand-in: COCO-like metadata, and a small JPEG a specimen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from harness.standin.pictures import SIDE, draw, put

COUNTS = [(0, 1), (1, 2), (27, 3), (104, 4), (1500, 5), (2077, 6), (15504, 10), (40505, 12), (64499, 14)]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train: the metadata, and the pictures in folders by category."""
    root = folder / "train"
    images, annotations = [], []
    for number, (category, jpeg) in enumerate(draw(rng, COUNTS)):
        id = 1_000_000 + 3 * number
        name = f"images/{category // 100:03d}/{category % 100:02d}/{id}.jpg"
        put(root / name, jpeg)
        images.append({"file_name": name, "height": SIDE, "id": id, "license": 0, "width": SIDE})
        annotations.append(
            {"category_id": category, "id": id, "image_id": id, "institution_id": int(rng.integers(0, 3))}
        )
    metadata = {
        "annotations": annotations,
        "categories": [
            {"family": "Rosaceae", "id": category, "name": f"Genus spécies {category}", "order": "Rosales"}
            for category, _ in COUNTS
        ],
        "images": images,
        "info": {"contributor": "stand-in", "description": "made up", "version": "1", "year": 2021},
        "institutions": [{"id": id, "name": name} for id, name in enumerate(("NY", "BM", "AK"))],
        "licenses": [{"id": 0, "name": "made up", "url": ""}],
    }
    (root / "metadata.json").write_text(json.dumps(metadata, ensure_ascii=False), encoding="utf-8")
