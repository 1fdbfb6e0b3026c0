"""Stand-in comments with shares of people who found them toxic, and who said that they mention a group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.prose import Prose

ROWS = 400
SUBTYPES = ("severe_toxicity", "obscene", "sexual_explicit", "identity_attack", "insult", "threat")
GROUPS = (
    *("male", "female", "transgender", "other_gender", "heterosexual", "homosexual_gay_or_lesbian", "bisexual"),
    *("other_sexual_orientation", "christian", "jewish", "muslim", "hindu", "buddhist", "atheist", "other_religion"),
    *("black", "white", "asian", "latino", "other_race_or_ethnicity", "physical_disability"),
    *("intellectual_or_learning_disability", "psychiatric_or_mental_illness", "other_disability"),
)
COUNTS = ("funny", "wow", "sad", "likes", "disagree")


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the training table and the labelled test table; only some comments were judged for groups."""
    for name, first, toxicity in (("train", 59848, "target"), ("test_private_expanded", 7000000, "toxicity")):
        table = _comments(first, toxicity, rng)
        table.to_csv(folder / f"{name}.csv", index=False)


def _comments(first: int, toxicity: str, rng: np.random.Generator) -> pd.DataFrame:
    level = rng.integers(0, 2, ROWS)
    mentions = {name: np.where(rng.random(ROWS) < 0.35, rng.choice([0.6, 1.0, 0.3], ROWS), 0.0) for name in GROUPS}
    judged = rng.random(ROWS) < 0.8
    drawn = {"level": level, **{name: (shares >= 0.5).astype(int) for name, shares in mentions.items()}}
    text = Prose(kind="prose", about=("level",), words=(15, 40)).draw(ROWS, rng, drawn)
    columns = {"id": np.arange(first, first + ROWS), "comment_text": text}
    shares = np.clip(np.where(level == 1, 0.7, 0.2) + rng.normal(0, 0.15, ROWS), 0, 1).round(6)
    columns |= {name: np.where(level == 1, 0.3, 0.0) for name in SUBTYPES}
    columns |= {name: np.where(judged, shares_, np.nan) for name, shares_ in mentions.items()}
    table = pd.DataFrame(columns)
    if toxicity == "target":
        table.insert(1, toxicity, shares)
    else:
        table.insert(2, toxicity, shares)
    table["created_date"] = "2015-09-29 10:50:41.987077+00"
    table["publication_id"], table["parent_id"], table["article_id"] = 2, np.nan, rng.integers(2000, 9000, ROWS)
    table["rating"] = np.where(level == 1, "rejected", "approved")
    for name in COUNTS:
        table[name] = rng.integers(0, 9, ROWS)
    table["identity_annotator_count"], table["toxicity_annotator_count"] = rng.integers(0, 9, (2, ROWS))
    return table
