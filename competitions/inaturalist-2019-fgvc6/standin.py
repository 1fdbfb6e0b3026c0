"""Raw data of the stand-in: COCO-like metadata of train and validation, and all their pictures in one .tar.gz."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np

from harness.standin.pictures import SIDE, Drawn, draw

COUNTS = [(0, 1), (12, 2), (101, 4), (202, 5), (404, 6), (654, 9), (900, 10), (1009, 18)]
VALIDATION = [(category, 1) for category, _ in COUNTS]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the two metadata files and the archive of pictures."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, counts, first in (("train2019.json", COUNTS, 0), ("val2019.json", VALIDATION, 265_213)):
            described = _describe(draw(rng, counts), first, tar, rng)
            (folder / name).write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")
    (folder / "train_val2019.tar.gz").write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def _describe(pictures: list[Drawn], first: int, tar: tarfile.TarFile, rng: np.random.Generator) -> dict[str, object]:
    images, annotations = [], []
    for id, (category, jpeg) in enumerate(pictures, first):
        name = f"train_val2019/{'Plants' if category < 500 else 'Birds'}/{category}/{rng.bytes(16).hex()}.jpg"
        member = tarfile.TarInfo(name)
        member.size = len(jpeg)
        tar.addfile(member, io.BytesIO(jpeg))
        owner = f"© user {id % 7}"
        images.append(
            {"license": 2, "file_name": name, "rights_holder": owner, "height": SIDE, "width": SIDE, "id": id}
        )
        annotations.append({"image_id": id, "category_id": category, "id": id})
    return {
        "info": {"contributor": "stand-in", "description": "made up", "version": "1", "year": 2019},
        "images": images,
        "licenses": [{"url": "", "id": 2, "name": "made up"}],
        "annotations": annotations,
        "categories": [{"id": category, "name": f"species {category}"} for category, _ in COUNTS],
    }
