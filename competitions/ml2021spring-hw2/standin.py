"""Windows of 11 frames over made-up speech: each phoneme has a mean frame of its own and lasts a few frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PHONEMES, FEATURES, WINDOW = 39, 39, 11


def write(folder: Path, rng: np.random.Generator, train: int, test: int) -> None:
    """Write the arrays of train and test; labels are text, as in the original."""
    home = folder / "timit_11/timit_11"
    home.mkdir(parents=True)
    means = rng.normal(size=(PHONEMES, FEATURES))
    windows, labels = _speech(train, means, rng)
    np.save(home / "train_11.npy", windows)
    np.save(home / "train_label_11.npy", labels.astype(str))
    np.save(home / "test_11.npy", _speech(test, means, rng)[0])


def _speech(count: int, means: NDArray[Any], rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    order = np.concatenate([rng.permutation(PHONEMES) for _ in range(count // PHONEMES + 1)])
    labels = np.repeat(order, rng.integers(2, 5, len(order)))[:count]
    frames = means[labels] + 0.5 * rng.normal(size=(count, FEATURES))
    around = np.clip(np.arange(count)[:, None] + np.arange(WINDOW) - WINDOW // 2, 0, count - 1)
    return frames[around].reshape(count, -1).astype(np.float32), labels
