"""Samples of a few gestures each: a film as red, and a sound as high, as the gesture's number."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.standin.media import pack
from harness.standin.sounds import wav
from harness.standin.videos import mp4

SAMPLES = {"training1": 3, "training2": 3, "training3": 3, "training4": 24, "validation1": 1, "validation2": 1}
SAMPLES["validation3"] = 1
GESTURES, FRAMES_EACH, RATE = 20, 2, 16000
LONG_AGO = (2020, 1, 1, 0, 0, 0)  # the same samples make the same archive


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the archives of samples, the table of sequences, and small archives in the places of the others."""
    number, rows = 0, ["Id,Sequence"]
    for name, count in SAMPLES.items():
        samples = {}
        for _ in range(count):
            number += 1
            gestures = rng.permutation(GESTURES)[: rng.integers(4, 9)] + 1
            samples[f"Sample{number:05d}"] = _sample(f"Sample{number:05d}", gestures, name.startswith("training"), rng)
            if name.startswith("training"):
                rows.append(f"{number:04d},{' '.join(map(str, gestures))}")
        _write_tar(folder / f"{name}.tar.gz", samples)
    (folder / "training.csv").write_text("\n".join(rows) + "\n")
    for name in ("devel01-40.7z", "valid_all_files_combined.7z", "sample_code_mmrgc.zip"):
        with tempfile.TemporaryDirectory() as unpacked:
            (Path(unpacked) / "README.txt").write_text("Stand-in.\n")
            pack(Path(unpacked), folder / name)


def _sample(name: str, gestures: NDArray[Any], labelled: bool, rng: np.random.Generator) -> bytes:
    shown = np.repeat(gestures, FRAMES_EACH)
    color = np.full((len(shown), 16, 16, 3), 60, dtype=np.uint8)
    color[..., 0] = 12 * shown[:, None, None]
    tones = np.sin(2 * np.pi * 200 * np.repeat(gestures, 20) * np.arange(20 * len(gestures)) / RATE)
    files = {
        "color.mp4": mp4(color, 20),
        "depth.mp4": mp4(rng.integers(0, 256, color.shape).astype(np.uint8), 20),
        "audio.wav": wav(np.round(8000 * tones).astype(np.int16), RATE),
        "data.mat": _data(gestures, labelled),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for ending, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}_{ending}", LONG_AGO), content)
    return made.getvalue()


def _data(gestures: NDArray[Any], labelled: bool) -> bytes:
    """Return the structure `Video`, with the labels of training samples and skeletons of one joint."""
    from scipy.io import savemat

    begins = FRAMES_EACH * np.arange(len(gestures)) + 1
    labels = np.zeros(len(gestures) * labelled, dtype=[("Name", object), ("Begin", object), ("End", object)])
    for place in range(len(labels)):
        labels[place] = (f"gesture{gestures[place]:02d}", begins[place], begins[place] + FRAMES_EACH - 1)
    skeleton = {"JointType": "HipCenter", "WorldPosition": np.zeros((1, 3))}
    frames = np.array([{"Skeleton": skeleton}] * (FRAMES_EACH * len(gestures)), dtype=object)
    video = {"NumFrames": len(frames), "FrameRate": 20, "Frames": frames, "MaxDepth": 3975, "Labels": labels}
    made = io.BytesIO()
    savemat(made, {"Video": video}, do_compression=True)
    header = b"MATLAB 5.0 MAT-file".ljust(116)  # scipy writes the time of day here
    return header + made.getvalue()[len(header) :]


def _write_tar(path: Path, samples: dict[str, bytes]) -> None:
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, content in samples.items():
            member = tarfile.TarInfo(f"./{name}.zip")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
