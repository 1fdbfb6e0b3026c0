"""Raw data of the stand-in: small JPEGs whose colour tells the disease, and the same pictures in TFRecord files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from harness.data import tfrecord
from harness.standin.pictures import draw, put

COUNTS = [(0, 10), (1, 12), (2, 10), (3, 30), (4, 14)]
FILES = 14
DISEASES = {
    "0": "Cassava Bacterial Blight (CBB)",
    "1": "Cassava Brown Streak Disease (CBSD)",
    "2": "Cassava Green Mottle (CGM)",
    "3": "Cassava Mosaic Disease (CMD)",
    "4": "Healthy",
}


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write table, pictures, records and the diseases' names."""
    pictures = draw(rng, COUNTS)
    names = [f"{number}.jpg" for number in 1_000_015_157 + rng.permutation(90_000)[: len(pictures)]]
    for name, picture in zip(names, pictures, strict=True):
        put(folder / "train_images" / name, picture.jpeg)
    table = pd.DataFrame({"image_id": names, "label": [picture.category for picture in pictures]})
    table.to_csv(folder / "train.csv", index=False)
    (folder / "label_num_to_disease_map.json").write_text(json.dumps(DISEASES), encoding="utf-8")
    (folder / "train_tfrecords").mkdir()
    for number, places in enumerate(np.array_split(rng.permutation(len(pictures)), FILES)):
        with (folder / "train_tfrecords" / f"ld_train{number:02d}-{len(places)}.tfrec").open("wb") as file:
            for place in places:
                name, (category, jpeg) = names[place].encode(), pictures[place]
                record = tfrecord.example({"image": [jpeg], "image_name": [name], "target": [category]})
                tfrecord.write_record(file, record)
