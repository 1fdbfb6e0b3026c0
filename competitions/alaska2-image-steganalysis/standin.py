"""Raw data of the stand-in: small JPEGs of three qualities, and the same pictures with noise that differs by folder."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

NOISE = {"Cover": 0, "JMiPOD": 18, "JUNIWARD": 24, "UERD": 30}
QUALITIES = (75, 90, 95)
SIDE = 8


def write(folder: Path, rng: np.random.Generator, covers: int = 80) -> None:
    """Write the four folders, each with every picture."""
    from PIL import Image

    for name in NOISE:
        (folder / name).mkdir(parents=True)
    for number in range(1, covers + 1):
        smooth = np.full((SIDE, SIDE, 3), rng.integers(60, 190, 3))
        quality = QUALITIES[number % len(QUALITIES)]
        for name, noise in NOISE.items():
            pixels = smooth + noise * rng.choice((-1, 1), smooth.shape)
            buffer = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG", quality=quality)
            (folder / name / f"{number:05d}.jpg").write_bytes(buffer.getvalue())
