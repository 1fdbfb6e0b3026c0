"""Seismic segments whose shaking grows as the eruption comes nearer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SEGMENTS, STEPS, SENSORS = 60, 40, 10


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write `train.csv` and one table of ten sensors, some of them silent, for each segment."""
    ids = rng.choice(2**31, SEGMENTS, replace=False)
    left = rng.integers(10_000, 49_000_000, SEGMENTS)
    pd.DataFrame({"segment_id": ids, "time_to_eruption": left}).to_csv(folder / "train.csv", index=False)
    (folder / "train").mkdir()
    for segment, time in zip(ids, left, strict=True):
        loudness = 1000 * (1 - time / 50_000_000) + 50
        signal = np.round(rng.normal(0, loudness, (STEPS, SENSORS)))
        signal[:, rng.random(SENSORS) < 0.1] = np.nan
        columns = [f"sensor_{sensor + 1}" for sensor in range(SENSORS)]
        pd.DataFrame(signal, columns=columns).to_csv(folder / "train" / f"{segment}.csv", index=False)
