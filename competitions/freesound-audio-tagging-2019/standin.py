"""Clips whose tone rises from class to class; those of the noisy set are often labelled wrongly."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.specs.competition import SPEC_NAME, Competition
from harness.specs.specfile import read_spec
from harness.standin.media import pack
from harness.standin.sounds import wav

CLIPS = {"train_curated": 80, "train_noisy": 80, "test": 60}
RATE, SAMPLES, PUBLIC = 44100, 256, 8


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the sounds, the tables and the archive of labels that were released later."""
    classes = list(read_spec(Path(__file__).with_name(SPEC_NAME), Competition).submission.predictions)
    labels: dict[str, pd.DataFrame] = {}
    for name, count in CLIPS.items():
        (folder / name).mkdir()
        true = [rng.permutation(len(classes))[: 1 + (rng.random() < 0.2)] for _ in range(count)]
        true = [np.r_[number % len(classes), some[1:]] for number, some in enumerate(true)]
        names = [f"{number:08x}.wav" for number in rng.choice(2**32, count, replace=False)]
        for clip, some in zip(names, true, strict=True):
            (folder / name / clip).write_bytes(wav(_sound(some, len(classes), rng), RATE))
        wrong = rng.random(count) < (0.3 if name == "train_noisy" else 0)
        said = [rng.permutation(len(classes))[:1] if bad else some for some, bad in zip(true, wrong, strict=True)]
        texts = [",".join(classes[label] for label in dict.fromkeys(some.tolist())) for some in said]
        labels[name] = pd.DataFrame({"fname": names, "labels": texts})
        if name != "test":
            labels[name].to_csv(folder / f"{name}.csv", index=False)
    sample = labels["test"][["fname"]].sort_values("fname")
    sample.assign(**dict.fromkeys(classes, 0)).to_csv(folder / "sample_submission.csv", index=False)
    earlier = pd.DataFrame({"fname": [f"{n:08x}.wav" for n in range(PUBLIC)], "labels": classes[:PUBLIC]})
    released = pd.concat([earlier.assign(usage="Public"), labels["test"].assign(usage="Private")])
    with tempfile.TemporaryDirectory() as unpacked:
        home = Path(unpacked) / "FSDKaggle2019.meta"
        home.mkdir()
        released.sort_values("fname").assign(license="CC0").to_csv(home / "test_post_competition.csv", index=False)
        pack(Path(unpacked), folder / "FSDKaggle2019.meta.zip")


def _sound(labels: NDArray[Any], classes: int, rng: np.random.Generator) -> NDArray[np.int16]:
    time = np.arange(SAMPLES) / RATE
    tones = np.sin(2 * np.pi * 20000 * (labels[:, None] + 1) / classes * time).sum(axis=0)
    samples: NDArray[np.int16] = np.round(8000 * tones + 800 * rng.normal(size=SAMPLES)).astype(np.int16)
    return samples
