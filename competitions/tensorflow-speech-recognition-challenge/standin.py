"""Recordings of words, each word a chord of its own, said by made-up speakers; and two noises."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from harness.standin.media import pack
from harness.standin.sounds import wav

WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "bed", "cat", "seven", "wow")
NOISES = ("white_noise", "running_tap")
SPEAKERS, RATE, CLIP_SAMPLES = 20, 16000, 400


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write `train.7z`; the clips are shorter than the second of the real ones."""
    voices = [f"{voice:08x}" for voice in rng.integers(0, 2**32, SPEAKERS)]
    with tempfile.TemporaryDirectory() as unpacked:
        home = Path(unpacked) / "train"
        for number, word in enumerate(WORDS):
            (home / "audio" / word).mkdir(parents=True)
            for voice in rng.choice(voices, 6, replace=False):
                time = np.arange(CLIP_SAMPLES) / RATE
                sound = np.sin(2 * np.pi * 200 * (number + 2) * time) + 0.3 * rng.normal(size=CLIP_SAMPLES)
                samples = np.round(8000 * sound).astype(np.int16)
                (home / "audio" / word / f"{voice}_nohash_0.wav").write_bytes(wav(samples, RATE))
        (home / "audio/_background_noise_").mkdir()
        for name in NOISES:
            samples = np.round(400 * rng.normal(size=20 * 2000)).astype(np.int16)
            (home / f"audio/_background_noise_/{name}.wav").write_bytes(wav(samples, 2000))
        (home / "audio/_background_noise_/README.md").write_text("Longer noises, to mix into training data.\n")
        (home / "LICENSE").write_text("Stand-in.\n")
        pack(Path(unpacked), folder / "train.7z")
