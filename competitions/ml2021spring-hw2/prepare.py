"""Divides the labelled frames in the proportion of the original train and test frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.splits import Job

FOLDER = "timit_11/timit_11"
REACH = 10  # windows of 11 frames share some of them up to this distance

Rows = NDArray[np.intp]


def prepare(job: Job, stretch: int | None = None) -> None:
    """Write the arrays of both sides, in the order drawn: single frames, or whole stretches of them."""
    raw, public = job.raw / FOLDER, job.public / FOLDER
    frames: NDArray[Any] = np.load(raw / "train_11.npy", mmap_mode="r")
    labels: NDArray[Any] = np.load(raw / "train_label_11.npy")
    others = len(np.load(raw / "test_11.npy", mmap_mode="r"))
    share = others / (len(frames) + others)
    train, test = _frames(len(frames), share) if stretch is None else _stretches(len(frames), share, stretch)
    public.mkdir(parents=True)
    np.save(public / "train_11.npy", frames[train])
    np.save(public / "train_label_11.npy", labels[train])
    np.save(public / "test_11.npy", frames[test])
    answers = pd.DataFrame({"Id": np.arange(len(test)), "ClassId": labels[test]})
    answers.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(answers)


def _frames(count: int, share: float) -> tuple[Rows, Rows]:
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(count), test_size=share, random_state=0)
    return train, test


def _stretches(count: int, share: float, length: int) -> tuple[Rows, Rows]:
    from sklearn.model_selection import train_test_split

    length = min(length, count // 10)
    stretch = np.arange(count) // length
    _, drawn = train_test_split(np.unique(stretch), test_size=share, random_state=0)
    of_test = np.isin(stretch, drawn)
    near = np.convolve(of_test, np.ones(2 * REACH + 1), mode="same") > 0
    return np.flatnonzero(~near), np.flatnonzero(of_test)
