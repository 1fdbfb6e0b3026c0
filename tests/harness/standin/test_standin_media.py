"""Stand-in media: one file a row in the format its name says, the same bytes each time, labels to be learnt."""

from __future__ import annotations

import io
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness import standin
from harness.standin import StandIn

TABLE = {
    "rows": 12,
    "columns": {
        "id": {"kind": "sequence", "format": "r{:02d}"},
        "label": {"kind": "category", "values": {"a": 1, "b": 1}},
        "grade": {"kind": "number", "distribution": "uniform", "mean": 5, "spread": 5},
    },
}


def written(folder: Path, files: dict[str, object]) -> dict[str, bytes]:
    recipe = StandIn.model_validate({"seed": 3, "files": {"t.csv": TABLE, **files}})
    standin.write(recipe, folder, folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "files",
    [
        {"i/{id}.png": {"kind": "images", "table": "t.csv", "label": "label"}},
        {"i.zip": {"kind": "zip", "files": {"{id}.jpg": {"kind": "images", "table": "t.csv"}}}},
        {"i.7z": {"kind": "7z", "files": {"{id}.npy": {"kind": "arrays", "table": "t.csv", "label": "grade"}}}},
        {"i/{id}.wav": {"kind": "audio", "table": "t.csv", "label": ["label", "grade"]}},
        {"i/{id}.dcm": {"kind": "images", "table": "t.csv", "dicom": {"PatientID": "{id}"}}},
    ],
)
def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path, files: dict[str, object]) -> None:
    assert written(tmp_path / "1", files) == written(tmp_path / "2", files)


@pytest.mark.parametrize(("ending", "form"), [("png", "PNG"), ("jpg", "JPEG"), ("tif", "TIFF"), ("bmp", "BMP")])
def test_pictures_have_the_format_size_and_mode_declared(tmp_path: Path, ending: str, form: str) -> None:
    files = {f"i/{{id}}.{ending}": {"kind": "images", "table": "t.csv", "size": [20, 10]}}
    picture = Image.open(io.BytesIO(written(tmp_path, files)[f"i/r03.{ending}"]))
    assert (picture.format, picture.size, picture.mode) == (form, (20, 10), "RGB")


def test_pictures_show_their_labels(tmp_path: Path) -> None:
    written(tmp_path, {"i/{label}/{id}.png": {"kind": "images", "table": "t.csv", "label": "label", "mode": "L"}})
    means = {
        label: [np.asarray(Image.open(path)).mean() for path in (tmp_path / "i" / label).iterdir()] for label in "ab"
    }
    assert max(means["a"]) < min(means["b"])


def test_dicom_slices_hold_pixels_and_declared_elements(tmp_path: Path) -> None:
    import pydicom

    over = {"series": ["T1", "T2"], "n": [1, 2, 3]}
    recipe = {"kind": "images", "table": "t.csv", "over": over, "dicom": {"PatientID": "{id}", "InstanceNumber": "{n}"}}
    written(tmp_path, {"i/{id}/{series}/Image-{n}.dcm": recipe})
    assert len(list(tmp_path.rglob("*.dcm"))) == 12 * 2 * 3
    opened = pydicom.dcmread(tmp_path / "i" / "r01" / "T2" / "Image-3.dcm")
    assert (opened.PatientID, opened.InstanceNumber, opened.pixel_array.shape) == ("r01", 3, (16, 16))


def test_sounds_can_be_read(tmp_path: Path) -> None:
    audio = {"kind": "audio", "table": "t.csv", "label": "grade", "seconds": 0.25, "rate": 4000}
    found = written(tmp_path, {"{id}.wav": audio, "{id}.aif": audio})
    with wave.open(io.BytesIO(found["r00.wav"])) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate(), sound.getnframes()) == (
            1,
            2,
            4000,
            1000,
        )
    assert found["r00.aif"][:4] + found["r00.aif"][8:12] == b"FORMAIFF"
    assert len(found["r00.aif"]) == 54 + 2000
    assert found["r00.aif"][28:38] == bytes.fromhex("400afa00000000000000")  # 4000 as a float of 80 bits


def test_archives_hold_what_is_declared_inside_and_tables_in_them_have_rows_too(tmp_path: Path) -> None:
    inside = {"x/t2.csv": TABLE, "x/{id}.txt": {"kind": "text", "table": "x/t2.csv", "text": "{id}: {label}\n"}}
    found = written(tmp_path, {"all.zip": {"kind": "zip", "files": inside}})
    assert set(found) == {"t.csv", "all.zip"}
    with zipfile.ZipFile(io.BytesIO(found["all.zip"])) as opened:
        assert opened.namelist() == sorted(["x/t2.csv", *(f"x/r{row:02d}.txt" for row in range(12))])
        assert opened.read("x/r04.txt") in (b"r04: a\n", b"r04: b\n")


def test_a_file_may_have_a_line_for_each_row_of_a_table(tmp_path: Path) -> None:
    lines = {"kind": "lines", "table": "t.csv", "over": {"n": [1, 2]}, "header": "id,n", "line": "{id},{n}"}
    assert written(tmp_path, {"l.csv": lines})["l.csv"].split()[:4] == [b"id,n", b"r00,1", b"r00,2", b"r01,1"]


def test_rows_may_be_declared_with_the_files_alone(tmp_path: Path) -> None:
    assert len(written(tmp_path, {"i/{label}/{id}.txt": {"kind": "text", "table": TABLE, "text": ""}})) == 1 + 12


def test_a_table_that_is_not_drawn_before_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"u\.csv"):
        written(tmp_path, {"{id}.txt": {"kind": "text", "table": "u.csv", "text": ""}})


def test_folders_are_made_by_patterns_that_begin_with_them() -> None:
    files = {"t.csv": TABLE, "i/{id}.png": {"kind": "images", "table": "t.csv"}}
    recipe = StandIn.model_validate({"files": files})
    assert recipe.lacks(["t.csv", "i/"]) == []
    assert recipe.lacks(["i", "j/"]) == ["i", "j/"]
