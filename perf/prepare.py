"""What preparing a million rows costs beside plain pandas: all of `prepare()`, with hashes and manifest.

The raw table is made up: integers, numbers with few and with all decimals, texts with commas and quotes, booleans,
gaps. Plain means `pandas.read_csv`, `train_test_split` and `to_csv` for train, test and answers, in the same process
and turn about with ours; the ratio is of the least times. The files of the random split are compared byte for byte with
plain pandas'. Prints figures; judges nothing.
"""

from __future__ import annotations

import filecmp
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.data.prepare import prepare
from harness.specs import competition as competitions

ROWS = 1_000_000
TURNS = 3
AIMS = {"random": 0.3, "grouped": 0.3, "mle-bench-v1": 0.7}  # the last follows pandas 2 to the last binary digit
FILES = ("public/train.csv", "public/test.csv", "private/test.csv")
SPEC = """\
schema_version: 1
id: million
title: A million rows
category: tabular
source: {kind: kaggle, slug: million}
raw: [train.csv]
metric: {name: accuracy, direction: maximize}
submission: {id: id, columns: {id: {type: integer}, target: {type: label, labels: ["0", "1"]}}}
answers: {file: test.csv}
default_edition: random
editions:
  random: {split: {recipe: random_rows, target: target, test: 0.1, seed: 0}}
  grouped:
    mends: groups stay together
    split: {recipe: grouped_rows, group: group, pattern: '(g[0-9]+)_', target: target, test: 0.1, seed: 0}
  mle-bench-v1:
    mends: numbers are read as pandas 2 did
    split: {recipe: random_rows, target: target, test: 0.1, seed: 0}
stand_in: {files: {train.csv: {rows: 10, columns: {id: {kind: number}, target: {kind: number}}}}}
"""
WORDS = ("plain", "two words", "a, comma", 'a "quote"', "Übergröße", "x")


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        raw = _write_raw(folder / "raw")
        say(f"{ROWS:,} rows, {raw.stat().st_size / 1e6:.0f} MB")
        _write_spec(folder)
        taken: dict[str, list[float]] = {name: [] for name in ("plain", *AIMS)}
        for turn in range(TURNS):
            taken["plain"].append(_timed(lambda: _plain(raw, folder / "plain")))
            for edition in AIMS:
                taken[edition].append(_timed(partial(_ours, folder, folder / f"{edition}-{turn}", edition)))
        same = all(
            filecmp.cmp(folder / "plain" / file, folder / "random-0" / "million" / file, False) for file in FILES
        )
        plain = min(taken["plain"])
        say(f"plain pandas: {plain:.2f} s, least of {TURNS}")
        for edition, aim in AIMS.items():
            ours = min(taken[edition])
            say(f"prepare, edition {edition}: {ours:.2f} s, {ours / plain:.2f} of plain pandas (at most {aim})")
        say(f"files of the random split are plain pandas' byte for byte: {'yes' if same else 'NO'}")


def _timed(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _write_raw(folder: Path) -> Path:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    words = np.array(WORDS)
    age = rng.integers(0, 90, ROWS).astype(float)
    age[rng.random(ROWS) < 0.05] = np.nan
    note = words[rng.integers(0, len(words), ROWS)].astype(object)
    note[rng.random(ROWS) < 0.2] = None
    table = pd.DataFrame(
        {
            "id": np.arange(ROWS),
            "group": [f"g{group:06d}_{row % 7}" for row, group in enumerate(rng.integers(0, ROWS // 4, ROWS))],
            "count": rng.poisson(40, ROWS),
            "price": np.round(rng.lognormal(3, 1, ROWS), 2),
            "share": rng.random(ROWS),
            "height": np.round(rng.normal(170, 10, ROWS), 1),
            "age": age,
            "flag": rng.random(ROWS) < 0.3,
            "kind": words[rng.integers(0, len(words), ROWS)],
            "note": note,
            "score": rng.normal(size=ROWS),
            "target": rng.integers(0, 2, ROWS),
        }
    )
    folder.mkdir()
    table.to_csv(folder / "train.csv", index=False)
    return folder / "train.csv"


def _write_spec(folder: Path) -> None:
    (folder / "competitions" / "million").mkdir(parents=True)
    (folder / "competitions" / "million" / "competition.yaml").write_text(SPEC)
    (folder / "competitions" / "million" / "description.md").write_text("# A million rows\n")


def _plain(raw: Path, into: Path) -> None:
    import pandas as pd
    from sklearn.model_selection import train_test_split

    for file in FILES:
        (into / file).parent.mkdir(parents=True, exist_ok=True)
    train, test = train_test_split(pd.read_csv(raw), test_size=0.1, random_state=0)
    train.to_csv(into / FILES[0], index=False)
    test.drop(columns=["target"]).to_csv(into / FILES[1], index=False)
    test.to_csv(into / FILES[2], index=False)


def _ours(folder: Path, data_home: Path, edition: str) -> None:
    item = competitions.load("million", folder / "competitions")
    prepare(item, data_home=data_home, raw=folder / "raw", edition=edition)


if __name__ == "__main__":
    main()
