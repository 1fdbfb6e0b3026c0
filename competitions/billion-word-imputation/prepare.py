"""Splits a zipped corpus line by line: a lot for each sentence, and one word out of every sentence of the test set.

The lots and the places of the words come from one generator in turn, so the lines must be gone through in order.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from itertools import islice
from typing import IO

import numpy as np

from harness.splits import Job
from harness.splits.placing import pack_zip

CORPUS, TEST = "train_v2.txt", "test_v2.txt"
HEADER = '"id","sentence"\n'


def prepare(job: Job, lines: int, test: float, seed: int, plain_sample: bool = False) -> None:
    """Take the first `lines` lines; each goes to the test set with the chance `test` if it has more than two words."""
    paths = job.public / CORPUS, job.public / TEST, job.private / job.answers_file
    with (
        zipfile.ZipFile(job.raw / f"{CORPUS}.zip") as archive,
        archive.open(CORPUS) as packed,
        paths[0].open("w", encoding="utf-8") as train,  # UTF-8 whatever the machine's locale is
        paths[1].open("w", encoding="utf-8") as shown,
        paths[2].open("w", encoding="utf-8") as answers,
    ):
        sentences = islice(io.TextIOWrapper(packed, encoding="utf-8"), lines)
        _divide(job.track(sentences, "sentences divided"), (train, shown, answers), test, seed)
    # who submits the test set as it is has handed in a valid submission: it is the sample
    for target in (job.plain_sample, job.private / "sample_submission.csv"):
        target.write_bytes(paths[1].read_bytes())
    if plain_sample:
        (job.public / "sample_submission.csv").write_bytes(paths[1].read_bytes())
    for path in paths[:2]:
        pack_zip(path.with_name(f"{path.name}.zip"), [(path, path.name)])
        path.unlink()


def _divide(sentences: Iterable[str], files: tuple[IO[str], IO[str], IO[str]], test: float, seed: int) -> None:
    train, shown, answers = files
    shown.write(HEADER)
    answers.write(HEADER)
    lots, ids = np.random.RandomState(seed), iter(range(2**31))
    lot = lots.random_sample
    for sentence in sentences:
        if lot() <= test and len(sentence.split()) > 2:
            id, whole = next(ids), sentence.strip().replace('"', '""')
            words = whole.split()
            gap = lots.randint(1, len(words) - 1)
            answers.write(f'{id},"{whole}"\n')
            shown.write(f'{id},"{" ".join(words[:gap] + words[gap + 1 :])}"\n')
        else:
            train.write(sentence)
