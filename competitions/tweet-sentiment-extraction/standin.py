"""Stand-in tweets: the words that carry the sentiment are the span to be found."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.standin.prose import made_up

ROWS = 200
TELLING = {"positive": "love thanks great happy", "negative": "sad hate sorry awful", "neutral": ""}


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.csv; one row is `null`, as a few of the real tweets' texts are."""
    import pandas as pd

    common = made_up(150, "latin", rng)
    rows = []
    for number in range(ROWS):
        sentiment = str(rng.choice(list(TELLING)))
        words = list(rng.choice(common, rng.integers(4, 15)))
        start, length = int(rng.integers(0, len(words))), int(rng.integers(1, 4))
        span = list(rng.choice(TELLING[sentiment].split(), length)) if TELLING[sentiment] else []
        words[start:start] = span
        selected = " ".join(span or words)
        rows.append((f"{rng.integers(16**10):010x}", " " * (number % 3) + " ".join(words) + ",!", selected, sentiment))
    rows[8] = (rows[8][0], "null", "null", "neutral")
    pd.DataFrame(rows, columns=["textID", "text", "selected_text", "sentiment"]).to_csv(
        folder / "train.csv", index=False
    )
