"""Raw data of the stand-in: COCO-like metadata in Latin-1, and a small JPEG a specimen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from harness.standin.pictures import SIDE, draw, put

COUNTS = [(0, 1), (3, 2), (27, 3), (104, 4), (1500, 5), (2077, 6), (15504, 10), (15505, 12), (32092, 14)]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write nybg2020/train: the metadata, and the pictures in folders by category."""
    root = folder / "nybg2020/train"
    pictures = draw(rng, COUNTS)
    images, annotations = [], []
    for number, (category, jpeg) in enumerate(pictures):
        id = 100_000 + 7 * number
        name = f"images/{category // 100:03d}/{category % 100:02d}/{id}.jpg"
        put(root / name, jpeg)
        images.append({"file_name": name, "height": SIDE, "id": id, "license": 0, "width": SIDE})
        annotations.append(
            {"category_id": category, "id": number, "image_id": id, "region_id": int(rng.integers(0, 3))}
        )
    metadata = {
        "annotations": annotations,
        "categories": [
            {
                "family": "Aïzoacées",
                "genus": f"Genus{category % 5}",
                "id": category,
                "name": f"Genus species {category}",
            }
            for category, _ in COUNTS
        ],
        "images": images,
        "info": {"contributor": "stand-in", "description": "made up", "version": "1", "year": 2020},
        "licenses": [{"id": 0, "name": "made up", "url": ""}],
        "regions": [{"id": 0, "name": "Québec"}, {"id": 1, "name": "Bahia"}, {"id": 2, "name": "Yucatán"}],
    }
    (root / "metadata.json").write_text(json.dumps(metadata, ensure_ascii=False), encoding="latin-1")
