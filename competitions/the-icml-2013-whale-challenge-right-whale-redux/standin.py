"""Two-second clips of four days; those with a whale have a call that rises through the noise."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from harness.standin.media import pack
from harness.standin.sounds import aiff

DAYS, CLIPS, RATE, SECONDS = ("20090328", "20090329", "20090330", "20090331"), 60, 2000, 0.2


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write `train2.zip`; every third clip holds a call."""
    time = np.arange(round(RATE * SECONDS)) / RATE
    with tempfile.TemporaryDirectory() as unpacked:
        home = Path(unpacked) / "train2"
        home.mkdir()
        for number in range(CLIPS):
            label = int(number % 3 == 0)
            start = 1000 * (number % 15 + 1) + int(rng.integers(1000))  # milliseconds since midnight
            call = label * 0.5 * np.sin(2 * np.pi * (80 + 300 * time) * time + rng.uniform(0, 6))
            samples = np.round(8000 * (call + 0.2 * rng.normal(size=len(time))))
            name = f"{DAYS[number * 4 // CLIPS]}_000000_{start // 1000:03d}s{start % 1000}ms_TRAIN{number}_{label}.aif"
            (home / name).write_bytes(aiff(np.clip(samples, -32768, 32767).astype(np.int16), RATE))
        pack(Path(unpacked), folder / "train2.zip")
