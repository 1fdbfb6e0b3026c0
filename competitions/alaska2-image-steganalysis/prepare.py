"""Holds out covers; each becomes one test picture, as it is or with a message hidden in it, by lot.

All pictures get new numbers, so that a name does not tell which cover it was.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job
from harness.splits.placing import place

COVER = "Cover"
HIDDEN = ("JMiPOD", "JUNIWARD", "UERD")


def prepare(job: Job, test: int, at_most: float, seed: int, lots: int) -> None:
    """Hold out `test` covers, or the share `at_most` of few; `seed` draws them, `lots` what becomes of each."""
    covers = sorted(path.name for path in (job.raw / COVER).glob("*.jpg"))
    count = min(test, int(at_most * len(covers)))
    train, held_out = train_test_split(covers, test_size=count, random_state=seed)
    place(_training(job, train))
    drawn = _drawn(held_out, random.Random(lots))  # noqa: S311 - a split to be repeated, not a secret
    names = [f"{number:04d}.jpg" for number in range(1, len(drawn) + 1)]
    pairs = zip(drawn, names, strict=True)
    place((job.raw / folder / old, job.public / "Test" / new) for (folder, old), new in pairs)
    answers = pd.DataFrame({"Id": names, "Label": [int(folder != COVER) for folder, _ in drawn]})
    answers.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(answers)


def _training(job: Job, covers: list[str]) -> Iterator[tuple[Path, Path]]:
    for number, old in enumerate(covers, 1):
        for folder in (COVER, *HIDDEN):
            yield job.raw / folder / old, job.public / folder / f"{number:05d}.jpg"


def _drawn(covers: list[str], lots: random.Random) -> list[tuple[str, str]]:
    """Return each test picture's folder and name: half of them covers, the others of any algorithm."""
    shuffled = list(covers)
    lots.shuffle(shuffled)
    return [(COVER if lots.choice((True, False)) else lots.choice(HIDDEN), name) for name in shuffled]
