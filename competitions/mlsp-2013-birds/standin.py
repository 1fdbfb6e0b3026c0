"""Forest recordings in miniature: one tone for each species that sings, and the pictures and tables made from them."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.standin.media import pack
from harness.standin.sounds import wav

LABELLED, HIDDEN, SPECIES, EXAMPLES = 322, 8, 19, 5  # as many labelled ones as there really are
RATE, SAMPLES = 16000, 64


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write `mlsp_contest_dataset.zip`; recordings are a few milliseconds and pictures a few pixels."""
    total = LABELLED + HIDDEN
    hidden = set(rng.choice(total, HIDDEN, replace=False).tolist())
    sings = rng.random((total, SPECIES)) < 0.08
    names = [f"PC{id % 13 + 1}_2009{id % 12 + 1:02d}{id % 28 + 1:02d}_{id:06d}_{id % 100:04d}" for id in range(total)]
    with tempfile.TemporaryDirectory() as unpacked:
        home = Path(unpacked) / "mlsp_contest_dataset"
        essential, extra = home / "essential_data", home / "supplemental_data"
        (essential / "src_wavs").mkdir(parents=True)
        kinds = ("spectrograms", "filtered_spectrograms", "supervised_segmentation", "segmentation_examples")
        for kind in kinds:
            (extra / kind).mkdir(parents=True)
        features: dict[str, list[str]] = {"histogram_of_segments": [], "segment_features": [], "segment_rectangles": []}
        for id, name in enumerate(names):
            (essential / f"src_wavs/{name}.wav").write_bytes(wav(_sound(sings[id], rng), RATE))
            picture = _picture(sings[id])
            for kind in kinds if id < EXAMPLES else kinds[:3]:
                (extra / f"{kind}/{name}.bmp").write_bytes(picture)
            shares = np.round((sings[id] + 0.1) / (sings[id] + 0.1).sum(), 4)
            features["histogram_of_segments"].append(f"{id},{_joined(shares)}")
            for segment, species in enumerate(np.flatnonzero(sings[id])):
                numbers = np.round(rng.normal(species, 0.5, 4), 3)
                features["segment_features"].append(f"{id},{segment},{_joined(numbers)}")
                features["segment_rectangles"].append(f"{id},{segment},{segment},{segment + 3},{species},{species + 2}")
        for name in ("segment_clusters", "segment_mosaic"):
            (extra / f"{name}.bmp").write_bytes(_picture(sings[0]))
        headers = {
            "histogram_of_segments": "rec_id,[histogram of segment features]",
            "segment_features": "rec_id,segment_id,[feature vector]",
            "segment_rectangles": "rec_id,segment_id,min_x,max_x,min_y,max_y",
        }
        for name, rows in features.items():
            _lines(extra / f"{name}.txt", headers[name], rows)
        labels = ["?" if id in hidden else _joined(np.flatnonzero(sings[id])) for id in range(total)]
        rows = [f"{id},{text}" if text else f"{id}" for id, text in enumerate(labels)]
        _lines(essential / "rec_labels_test_hidden.txt", "rec_id,[labels]", rows)
        _lines(essential / "CVfolds_2.txt", "rec_id,fold", [f"{id},{int(id in hidden)}" for id in range(total)])
        _lines(essential / "rec_id2filename.txt", "rec_id,filename", [f"{id},{name}" for id, name in enumerate(names)])
        species_rows = [f"{number},SP{number:02d},Species {number}" for number in range(SPECIES)]
        _lines(essential / "species_list.txt", "class_id,code,species", species_rows)
        pack(Path(unpacked), folder / "mlsp_contest_dataset.zip")


def _joined(numbers: NDArray[Any]) -> str:
    return ",".join(str(number) for number in numbers.tolist())


def _lines(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _sound(sings: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int16]:
    time = np.arange(SAMPLES) / RATE
    tones = np.sin(2 * np.pi * (400 + 380 * np.arange(SPECIES)[:, None]) * time)
    sound = sings @ tones + 0.2 * rng.normal(size=SAMPLES)
    return np.round(np.clip(4000 * sound, -32768, 32767)).astype(np.int16)


def _picture(sings: NDArray[np.bool_]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.tile(255 * sings.astype(np.uint8)[::-1, None, None], (1, 4, 3))).save(buffer, "BMP")
    return buffer.getvalue()
