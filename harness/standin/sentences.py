"""Stand-in sentences of tokens as they are written and as they are spoken, for text normalisation."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness.splits.placing import ZIP_DATE
from harness.standin.prose import Script, made_up

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SENTENCES = 150
COLUMNS = ("sentence_id", "token_id", "class", "before", "after")
_MARKS = (".", ",", "!", '"', "(", "—")
_TRAPS = ("NA", "null", "None", "nan")  # tokens that a reader of tables may take for gaps


def write_token_files(folder: Path, rng: np.random.Generator, *, language: str, script: Script) -> None:
    """Write `xx_train.csv.zip`, and the test set and sample that come with it."""
    table = _tokens(rng, script)
    test = table.drop(columns=["class", "after"])
    names = test.sentence_id.astype(str) + "_" + test.token_id.astype(str)
    files = {"train": table, "test_2": test, "sample_submission_2": test[["before"]].assign(id=names)}
    for name, content in files.items():
        with zipfile.ZipFile(folder / f"{language}_{name}.csv.zip", "w") as archive:
            member = zipfile.ZipInfo(f"{language}_{name}.csv", ZIP_DATE)
            archive.writestr(member, content.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC))


def _tokens(rng: np.random.Generator, script: Script) -> pd.DataFrame:
    """Return one row a token; sentences have a few, ids of sentences have gaps."""
    import pandas as pd

    words, digits = made_up(80, script, rng), made_up(10, script, rng)
    rows: list[tuple[int, int, str, str, str]] = []
    sentence = 0
    for _ in range(SENTENCES):
        sentence += int(rng.integers(1, 3))
        length = int(rng.integers(3, 9))
        rows += [(sentence, token, *_token(words, digits, rng)) for token in range(length)]
        rows.append((sentence, length, "PUNCT", ".", "."))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _token(words: list[str], digits: list[str], rng: np.random.Generator) -> tuple[str, str, str]:
    """Return class, written form and spoken form."""
    kind = rng.random()
    if kind < 0.65:
        word = words[int(rng.integers(len(words)))]
        return "PLAIN", word, word
    if kind < 0.75:
        mark = _MARKS[int(rng.integers(len(_MARKS)))]
        return "PUNCT", mark, mark
    if kind < 0.93:
        number = str(rng.integers(1, 2000))
        return "CARDINAL", number, " ".join(digits[int(digit)] for digit in number)
    trap = _TRAPS[int(rng.integers(len(_TRAPS)))]
    return ("LETTERS", trap, " ".join(trap.lower())) if trap == "NA" else ("PLAIN", trap, trap)
