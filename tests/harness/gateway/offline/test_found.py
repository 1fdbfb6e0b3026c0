"""Scripts that look for their data: pictures, sounds and arrays as rows, packed tables, labels in names and JSON."""

from __future__ import annotations

import json
import random
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.gateway.providers.offline.families import FAMILIES
from harness.gateway.providers.offline.metrics import METRICS
from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.recipe import Member, Recipe
from harness.gateway.providers.offline.render import render


def found(metric: str, family: str = "linear", **parts: Any) -> str:
    task = METRICS[metric].task
    member = Member(family, tuple(FAMILIES[family].start(task, 100).items()))
    return render(Recipe(task, metric, (member,), **({"folds": 3, "source": "found"} | parts)), DataFacts())


def picture(path: Path, bright: bool, rng: random.Random) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    shade = rng.randrange(150, 250) if bright else rng.randrange(5, 100)
    Image.new("RGB", (20, 16), (shade, shade, rng.randrange(255))).save(path)


def sound(path: Path, high: bool, rng: random.Random) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    period = rng.randrange(4, 8) if high else rng.randrange(40, 80)
    samples = [10_000 if i % period < period // 2 else -10_000 for i in range(2000)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in samples))


def array(path: Path, high: bool, rng: random.Random) -> None:
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.full((3, 9, 9), rng.random() + 2 * high, dtype=np.float32))


def table(path: Path, rows: dict[str, Any]) -> None:
    import pandas as pd

    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False)


Make = Callable[[Path, bool, random.Random], None]


@pytest.mark.parametrize(("make", "suffix"), [(picture, "jpg"), (picture, "png"), (sound, "wav"), (array, "npy")])
def test_rows_are_files_with_labels_in_a_table(make: Make, suffix: str, tmp_path: Path, run_script: Any) -> None:
    rng, inputs = random.Random(0), tmp_path / "input"
    labels = [i % 2 for i in range(40)]
    for i, label in enumerate(labels):
        make(inputs / "train" / f"a{i}.{suffix}", bool(label), rng)
    for i in range(6):
        make(inputs / "test" / f"b{i}.{suffix}", bool(i % 2), rng)
    table(inputs / "labels.csv", {"id": [f"a{i}" for i in range(40)], "y": labels})
    table(inputs / "sample_submission.csv", {"id": [f"b{i}" for i in range(6)], "y": [0.5] * 6})
    ran = run_script(found("roc_auc"), tmp_path)
    assert "46 of 46 rows have files" in ran.output and ran.score > 0.95
    assert ran.submission["y"].gt(0.5).tolist() == [False, True] * 3


def test_folders_are_labels(tmp_path: Path, run_script: Any) -> None:
    rng, inputs = random.Random(0), tmp_path / "input"
    for i in range(40):
        picture(inputs / "train" / ("Bright seed" if i % 2 else "Dark seed") / f"{i}.png", bool(i % 2), rng)
    picture(inputs / "test" / "x1.png", True, rng)
    table(inputs / "sample_submission.csv", {"file": ["x1.png"], "species": ["Dark seed"]})
    ran = run_script(found("accuracy"), tmp_path)
    assert ran.submission["species"].tolist() == ["Bright seed"] and ran.score > 0.9


def test_names_of_packed_files_are_labels(tmp_path: Path, run_script: Any) -> None:
    rng, inputs = random.Random(0), tmp_path / "input"
    inputs.mkdir()
    for i in range(40):
        picture(tmp_path / "made" / f"{'dog' if i % 2 else 'cat'}.{i}.jpg", bool(i % 2), rng)
    with zipfile.ZipFile(inputs / "train.zip", "w") as packed:
        for path in (tmp_path / "made").iterdir():
            packed.write(path, f"train/{path.name}")
    picture(inputs / "test" / "1.jpg", True, rng)
    picture(inputs / "test" / "2.jpg", False, rng)
    table(inputs / "sample_submission.csv", {"id": [1, 2], "label": [0.5, 0.5]})
    ran = run_script(found("log_loss"), tmp_path)
    assert ran.submission["label"].round().tolist() == [1, 0] and ran.score < 0.3


def test_annotations_in_json_are_labels(tmp_path: Path, run_script: Any) -> None:
    rng, inputs = random.Random(0), tmp_path / "input"
    for i in range(40):
        picture(inputs / "train" / f"{i}.png", bool(i % 2), rng)
    images = [{"id": 500 + i, "file_name": f"train/{i}.png"} for i in range(40)]
    notes = [{"image_id": 500 + i, "category_id": 7 + i % 2, "id": i} for i in range(40)]
    (inputs / "train.json").write_text(json.dumps({"images": images, "annotations": notes}))
    picture(inputs / "test" / "900.png", True, rng)
    table(inputs / "sample_submission.csv", {"Id": [900], "Category": [0]})
    ran = run_script(found("accuracy"), tmp_path)
    assert ran.submission["Category"].tolist() == [8] and ran.score > 0.9


def test_packed_tables_and_json_records_are_read(tmp_path: Path, run_script: Any) -> None:
    inputs = tmp_path / "input"
    inputs.mkdir()
    rows = [{"request": f"r{i}", "x": i % 7, "words": ["a", "b"], "y": i % 7 > 3} for i in range(70)]
    (inputs / "train.json").write_text(json.dumps(rows))
    (inputs / "test.json").write_text(json.dumps([{k: v for k, v in row.items() if k != "y"} for row in rows[:9]]))
    with zipfile.ZipFile(inputs / "sample.csv.zip", "w") as packed:
        packed.writestr("sample.csv", "request,y\n" + "".join(f"r{i},0\n" for i in range(9)))
    ran = run_script(found("roc_auc", "forest"), tmp_path)
    assert ran.score > 0.95 and ran.submission["y"].gt(0.5).tolist() == [i % 7 > 3 for i in range(9)]


def test_archive_entries_do_not_leave_the_folder(tmp_path: Path, run_script: Any) -> None:
    inputs = tmp_path / "input"
    table(inputs / "train.csv", {"id": range(40), "x": range(40), "y": [i % 2 for i in range(40)]})
    table(inputs / "test.csv", {"id": [90], "x": [3]})
    table(inputs / "sample_submission.csv", {"id": [90], "y": [0]})
    with zipfile.ZipFile(inputs / "more.zip", "w") as packed:
        packed.writestr("../../../outside.csv", "id\n1\n")
    run_script(found("accuracy"), tmp_path)
    assert not list(tmp_path.parent.glob("outside.csv")) and not (tmp_path / "outside.csv").exists()


def test_labels_are_not_made_up_from_folders_when_rows_are_no_files(tmp_path: Path, run_script: Any) -> None:
    rng, inputs = random.Random(0), tmp_path / "input"
    for i in range(20):
        picture(inputs / ("train", "train_cleaned")[i % 2] / f"{i}.png", bool(i % 2), rng)
    picture(inputs / "test" / "1.png", True, rng)
    table(inputs / "sampleSubmission.csv", {"id": ["1_1_1", "1_1_2"], "value": [1, 1]})
    with pytest.raises(ValueError, match="no training answers"):
        run_script(found("rmse"), tmp_path)
