"""Stand-in breaths: 80 steps each, a valve that opens and closes, and a pressure that follows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

BREATHS, STEPS = 30, 80


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.csv; ids of breaths have gaps, as the real ones do."""
    import pandas as pd

    breaths = []
    first = 1
    for breath in np.cumsum(rng.integers(1, 4, BREATHS)):
        time = np.cumsum(rng.uniform(0.03, 0.035, STEPS)) - 0.03
        resistance, compliance = int(rng.choice([5, 20, 50])), int(rng.choice([10, 20, 50]))
        inside = np.where(time < 1, rng.uniform(5, 60) * np.sin(time * np.pi) ** 2, rng.uniform(0, 5, STEPS))
        pressure = 6 + resistance * inside / 50 + np.cumsum(inside) / compliance / 10 + rng.normal(0, 0.1, STEPS)
        columns = {
            "id": range(first, first + STEPS),
            "breath_id": breath,
            "R": resistance,
            "C": compliance,
            "time_step": time,
            "u_in": inside,
            "u_out": (time >= 1).astype(int),
            "pressure": pressure,
        }
        breaths.append(pd.DataFrame(columns))
        first += STEPS
    pd.concat(breaths).to_csv(folder / "train.csv", index=False)
