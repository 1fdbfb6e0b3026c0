"""Stand-in comments with six labels; a part of the test labels is -1, not scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.standin.media import pack
from harness.standin.prose import Prose

LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
ROWS = 200


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the zips of train, test, test labels and sample."""
    labels = {name: (rng.random(2 * ROWS) < 0.25).astype(int) for name in LABELS}
    text = Prose(kind="prose", about=LABELS, share=0.6, words=(20, 60)).draw(2 * ROWS, rng, labels)
    ids = [f"{number:016x}" for number in np.sort(rng.choice(10**15, 2 * ROWS, replace=False))]
    table = pd.DataFrame({"id": ids, "comment_text": text, **labels})
    train, test = table.iloc[:ROWS], table.iloc[ROWS:]
    truth = test.drop(columns="comment_text")
    truth.loc[rng.random(ROWS) < 0.5, list(LABELS)] = -1
    _zip(train, folder / "train.csv.zip")
    _zip(test[["id", "comment_text"]], folder / "test.csv.zip")
    _zip(truth, folder / "test_labels.csv.zip")
    _zip(truth.assign(**dict.fromkeys(LABELS, 0.5)), folder / "sample_submission.csv.zip")


def _zip(table: pd.DataFrame, path: Path) -> None:
    """Write a CSV alone in a zip."""
    inside = path.parent / f".{path.name}"
    inside.mkdir()
    table.to_csv(inside / path.stem, index=False)
    pack(inside, path)
    (inside / path.stem).unlink()
    inside.rmdir()
