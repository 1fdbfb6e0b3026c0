"""Divides the recorded words: all files at random, or speaker by speaker with the labels that the task asks for."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from harness.data import sevenzip
from harness.splits import Job
from harness.splits.placing import place

WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
NOISE = "_background_noise_"
HELD_OUT = 0.1  # of the speakers, and of each noise

Named = tuple[Path, str]  # a recording and its label


def prepare(job: Job) -> None:
    """Draw a tenth of all files, noises among them; a file's label is its folder's name."""
    from sklearn.model_selection import train_test_split

    with _recordings(job) as files:
        train, test = train_test_split(files, test_size=HELD_OUT, random_state=0)
        place((path, job.public / "train/audio" / path.parent.name / path.name) for path in train)
        _write_test(job, [(path, path.parent.name) for path in test])


def prepare_fixed(job: Job) -> None:
    """Draw a tenth of the speakers, and cut the last tenth off each noise for clips of silence."""
    from sklearn.model_selection import train_test_split

    with _recordings(job) as files, tempfile.TemporaryDirectory(dir=job.public.parent) as cut:
        spoken = [path for path in files if path.parent.name != NOISE]
        voices = sorted({_speaker(path) for path in spoken})
        held_out = set(train_test_split(voices, test_size=HELD_OUT, random_state=0)[1])
        train = [path for path in spoken if _speaker(path) not in held_out]
        place((path, job.public / "train/audio" / path.parent.name / path.name) for path in train)
        test = [(path, _label(path)) for path in spoken if _speaker(path) in held_out]
        for path in files:
            if path.parent.name == NOISE:
                test += _divided_noise(path, job.public / "train/audio" / NOISE, Path(cut))
        order = np.random.default_rng(0).permutation(len(test))
        _write_test(job, [test[place] for place in order])


@contextmanager
def _recordings(job: Job) -> Iterator[list[Path]]:
    """Give all recordings, sorted by folder and name, for as long as they are unpacked."""
    with tempfile.TemporaryDirectory(dir=job.public.parent) as unpacked:
        sevenzip.unpack(job.raw / "train.7z", Path(unpacked))
        audio = Path(unpacked) / "train/audio"
        yield sorted(audio.rglob("*.wav"), key=lambda path: f"{path.parent.name}_{path.name}")


def _write_test(job: Job, test: list[Named]) -> None:
    """Write the clips under numbers, since recordings of different words share names."""
    answers = pd.DataFrame(test, columns=["path", "label"])
    answers.insert(0, "fname", [f"clip_{number:08d}.wav" for number in range(len(test))])
    place((path, job.public / "test/audio" / name) for path, name in zip(answers.path, answers.fname, strict=True))
    answers = answers.drop(columns="path")
    answers.to_csv(job.private / job.answers_file, index=False)
    job.write_sample(answers)


def _speaker(path: Path) -> str:
    return path.name.partition("_nohash_")[0]


def _label(path: Path) -> str:
    return path.parent.name if path.parent.name in WORDS else "unknown"


def _divided_noise(path: Path, train: Path, cut: Path) -> list[Named]:
    """Write a noise without its end to `train`, and what was cut off as clips of a second to `cut`."""
    with wave.open(str(path)) as noise:
        kind, frames = noise.getparams(), noise.readframes(noise.getnframes())
    second = kind.framerate * kind.sampwidth * kind.nchannels
    kept = int(len(frames) / second * (1 - HELD_OUT)) * second
    train.mkdir(parents=True, exist_ok=True)
    _write_sound(train / path.name, kind, frames[:kept])
    clips: list[Named] = []
    for number, start in enumerate(range(kept, len(frames) - second + 1, second)):
        clip = cut / f"{path.stem}_{number}.wav"
        _write_sound(clip, kind, frames[start : start + second])
        clips.append((clip, "silence"))
    return clips


def _write_sound(path: Path, kind: wave._wave_params, frames: bytes) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setparams(kind)
        sound.writeframes(frames)
