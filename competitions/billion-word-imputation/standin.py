"""Raw data of the stand-in: sentences that say the same again and again, so that a missing word can be guessed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

SUBJECTS = ["the king", "a naïve reader", "my 83-year-old aunt", 'the "team"', "café owners"]
VERBS = ["sees", "sold", "can not find", "wrote about"]
OBJECTS = ["the city", "its oil , gas and coal", "a key ally", "£ 5 million", "the year 2011"]


def write(folder: Path, rng: np.random.Generator, lines: int = 6000) -> None:
    """Write train_v2.txt.zip; some lines have two words only, which no word can be taken from."""
    picks = np.column_stack([rng.integers(0, len(some), lines) for some in (SUBJECTS, VERBS, OBJECTS)])
    short = rng.random(lines) < 0.02
    sentences = (
        "Yes .\n" if is_short else f"{SUBJECTS[first]} {VERBS[second]} {OBJECTS[third]} .\n"
        for is_short, (first, second, third) in zip(short, picks, strict=True)
    )
    member = zipfile.ZipInfo("train_v2.txt", (2014, 5, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(folder / "train_v2.txt.zip", "w") as archive, archive.open(member, "w") as text:
        for sentence in sentences:
            text.write(sentence.encode())
