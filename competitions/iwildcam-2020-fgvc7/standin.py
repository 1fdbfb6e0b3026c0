"""Raw data of the stand-in: JSON files of pictures by camera, what a detector found, and small JPEGs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from harness.standin.pictures import SIDE, draw, put

COUNTS = [(0, 24), (2, 6), (70, 8), (317, 10), (372, 6), (571, 4)]
LOCATIONS = 19


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the three JSON files, and train/<id>.jpg."""
    images, annotations = [], []
    for number, (category, jpeg) in enumerate(draw(rng, COUNTS)):
        id = f"{rng.bytes(4).hex()}-21bc-11ea-a13a-137349068a90"
        put(folder / "train" / f"{id}.jpg", jpeg)
        images.append(_image(id, int(rng.geometric(0.12)) % LOCATIONS, rng))
        annotations.append(
            {"count": 1, "image_id": id, "category_id": category, "id": f"{number:08x}-21bc-11ea-a13a-137349068a90"}
        )
    del annotations[3]["count"]  # real metadata are not complete either
    images[5]["datetime"] = None
    categories = [{"id": id, "name": f"species {id}", "count": count} for id, count in COUNTS]
    info = {"contributor": "stand-in", "description": "made up", "version": "1.0", "year": 2020}
    train = {"annotations": annotations, "images": images, "categories": categories, "info": info}
    others = {"images": [_image("kaggle-test", 500, rng)], "categories": categories, "info": info}
    found = [{"id": image["id"], "detections": [], "max_detection_conf": 0.5} for image in images]
    for name, content in (
        ("train_annotations", train),
        ("test_information", others),
        ("megadetector_results", {"images": found, "info": {"detector": "stand-in"}}),
    ):
        (folder / f"iwildcam2020_{name}.json").write_text(json.dumps(content), encoding="utf-8")


def _image(id: str, location: int, rng: np.random.Generator) -> dict[str, object]:
    moment = f"2013-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d} 05:44:19.000"
    burst = {"seq_num_frames": int(rng.integers(1, 6)), "frame_num": 1, "seq_id": f"seq-{id[:8]}"}
    known = {"location": location, "datetime": moment, "id": id, "width": SIDE, "height": SIDE}
    return {**burst, **known, "file_name": f"{id}.jpg"}
