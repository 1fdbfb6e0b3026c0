"""Stand-in questions in Hindi and Tamil script: the question names the words before its answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.standin.prose import Script, made_up

ROWS = 150
SCRIPTS: tuple[tuple[str, Script], ...] = (("hindi", "devanagari"), ("tamil", "tamil"))


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.csv: contexts of some hundred words over several lines."""
    import pandas as pd

    words = {language: made_up(200, script, rng) for language, script in SCRIPTS}
    rows = []
    for _ in range(ROWS):
        language = "hindi" if rng.random() < 0.67 else "tamil"
        context = [str(word) for word in rng.choice(words[language], rng.integers(60, 120))]
        place, length = int(rng.integers(2, len(context) - 5)), int(rng.integers(1, 4))
        answer = " ".join(context[place : place + length])
        start = len(" ".join(context[:place])) + 1
        question = " ".join(context[place - 2 : place]) + "?"
        context[-3] += "\n"
        rows.append((f"{rng.integers(16**9):09x}", " ".join(context), question, answer, start, language))
    columns = ["id", "context", "question", "answer_text", "answer_start", "language"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "train.csv", index=False)
