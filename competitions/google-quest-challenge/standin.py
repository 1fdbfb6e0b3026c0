"""Stand-in questions and answers, and what thirty questions about them were answered with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from harness.standin.prose import Prose

ROWS = 300
SHARES = np.array([0, 1 / 3, 0.5, 2 / 3, 1])
SPELLING = (3, 7)  # the rare kind, both in the training rows


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.csv: 11 columns of features and the 30 targets, shares of raters who said yes."""
    import pandas as pd

    spec = yaml.safe_load((Path(__file__).parent / "competition.yaml").read_text(encoding="utf-8"))
    targets = [name for name in spec["submission"]["columns"] if name != "qa_id"]
    quality = rng.integers(0, 3, ROWS)
    drawn = {"quality": quality}
    prose = Prose(kind="prose", about=("quality",), words=(6, 25))
    table = pd.DataFrame({"qa_id": np.cumsum(rng.integers(1, 4, ROWS))})
    for name in ("question_title", "question_body"):
        table[name] = prose.draw(ROWS, rng, drawn)
    table["question_user_name"] = [f"user {number}" for number in rng.integers(0, 90, ROWS)]
    table["question_user_page"] = "https://stackoverflow.com/users/1"
    table["answer"] = prose.draw(ROWS, rng, drawn)
    table["answer_user_name"] = [f"user {number}" for number in rng.integers(0, 90, ROWS)]
    table["answer_user_page"] = "https://stackoverflow.com/users/2"
    table["url"] = [f"http://stackoverflow.com/questions/{number}" for number in range(ROWS)]
    table["category"] = rng.choice(["TECHNOLOGY", "CULTURE", "SCIENCE", "STACKOVERFLOW", "LIFE_ARTS"], ROWS)
    table["host"] = rng.choice(["stackoverflow.com", "english.stackexchange.com"], ROWS)
    for name in targets:
        table[name] = SHARES[np.clip(quality + rng.integers(0, 3, ROWS), 0, 4)]
    table["question_type_spelling"] = [1 / 3 if row in SPELLING else 0.0 for row in range(ROWS)]
    table.to_csv(folder / "train.csv", index=False)
