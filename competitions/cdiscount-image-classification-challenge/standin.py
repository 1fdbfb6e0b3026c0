"""Raw data of the stand-in: a BSON file of products with one to four small JPEGs whose colour tells the category."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.data import bson
from harness.standin.pictures import jpeg

CATEGORIES = {
    1000010653: ("TELEPHONIE - GPS", "ACCESSOIRE TELEPHONE", "COQUE TELEPHONE"),
    1000004085: ("MUSIQUE", "CD", "CD POP ROCK"),
    1000018296: ("AUTO - MOTO", "PIECES", "DÉMARREUR"),
    1000007922: ("BRICOLAGE", "OUTILLAGE", "CLÉ À MOLETTE"),
    1000015309: ("MEUBLE", "CHAISE", "CHAISE DE BUREAU"),
}
PRODUCTS = 160


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the products in the order of their ids, and the categories' names."""
    names = pd.DataFrame.from_dict(CATEGORIES, orient="index").reset_index()
    names.columns = pd.Index(["category_id", "category_level1", "category_level2", "category_level3"])
    names.to_csv(folder / "category_names.csv", index=False)
    colours = {category: rng.integers(30, 226, 3) for category in CATEGORIES}
    ids = np.sort(rng.choice(3 * PRODUCTS, PRODUCTS, replace=False))
    with (folder / "train.bson").open("wb") as file:
        for id in ids.tolist():
            category = list(CATEGORIES)[int(rng.integers(0, len(CATEGORIES)))]
            pictures: list[bson.Value] = [
                {"picture": jpeg(rng, colours[category])} for _ in range(1 + min(int(rng.geometric(0.7)) - 1, 3))
            ]
            file.write(bson.document({"_id": id, "category_id": category, "imgs": pictures}))
