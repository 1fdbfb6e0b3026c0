"""Raw data of the stand-in: COCO-like metadata with genera and their distances, and a small JPEG a specimen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from harness.standin.pictures import draw, put

COUNTS = [(0, 2), (3, 3), (27, 4), (104, 5), (1500, 6), (2077, 7), (15504, 11), (15505, 12)]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the metadata, and the pictures in folders by category."""
    images, annotations, seen = [], [], dict.fromkeys((category for category, _ in COUNTS), 0)
    for category, jpeg in draw(rng, COUNTS):
        seen[category] += 1
        id = f"{category:05d}__{seen[category]:03d}"
        name = f"{category // 100:03d}/{category % 100:02d}/{id}.jpg"
        put(folder / "train_images" / name, jpeg)
        images.append({"image_id": id, "file_name": name, "license": int(rng.integers(0, 2))})
        annotations.append({"genus_id": category % 3, "institution_id": 1, "category_id": category, "image_id": id})
    genera = [{"genus_id": id, "genus": f"Genus{id}"} for id in range(3)]
    metadata = {
        "annotations": annotations,
        "images": images,
        "categories": [
            {
                "category_id": category,
                "scientificName": f"Genus{category % 3} species{category} Auth.",
                "family": "Rosaceae",
                "genus": f"Genus{category % 3}",
                "species": f"species{category}",
                "authors": "Auth.",
            }
            for category, _ in COUNTS
        ],
        "genera": genera,
        "distances": [
            {"genus_id_x": x, "genus_id_y": y, "distance": round(float(rng.random()), 4)}
            for x in range(3)
            for y in range(x + 1, 3)
        ],
        "institutions": [{"institution_id": 1, "collectionCode": "NY"}],
        "license": [{"id": 0, "name": "made up", "url": ""}, {"id": 1, "name": "made up too", "url": ""}],
    }
    (folder / "train_metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
