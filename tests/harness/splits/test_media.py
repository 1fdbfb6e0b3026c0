"""Media of a split: each row's file on the row's side, under the row's new name, plain or packed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from harness.data import sevenzip
from harness.splits import Job
from harness.splits.listing import FileList
from harness.splits.media import Media
from harness.splits.sides import Sides

TRAIN = pd.DataFrame({"id": ["ab", "cd"], "kind": ["x", "y"]})
TEST = pd.DataFrame({"id": ["ef"], "kind": ["x"]})
SIDES = Sides(TRAIN.assign(id=[0, 1]), TEST.assign(id=[0]), TRAIN, TEST)
RAW = {f"i/{name}.jpg": name.encode() for name in ("ab", "cd", "ef")} | {"extra/deep/a.txt": b"a", "notes.txt": b"n"}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("raw", "made/public", "made/private"):
        (tmp_path / name).mkdir(parents=True)
    for name, content in RAW.items():
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / "raw" / "i.zip", "w") as packed:
        for name, content in RAW.items():
            packed.writestr(name, content)
    sevenzip.pack(tmp_path / "raw" / "i.7z", [(tmp_path / "raw" / name, name) for name in RAW])
    return Job(
        raw=tmp_path / "raw",
        public=tmp_path / "made" / "public",
        private=tmp_path / "made" / "private",
        plain_sample=tmp_path / "made" / "sample.csv",
        id_columns=("id",),
        sample={},
        sample_file="sample.csv",
        answers_file="answers.csv",
        code=tmp_path,
    )


def placed(job: Job, **said: object) -> dict[str, bytes]:
    Media.model_validate(said).place(job, SIDES)
    assert {path.name for path in job.public.parent.iterdir()} == {"public", "private"}
    return {
        path.relative_to(job.public).as_posix(): path.read_bytes() for path in job.public.rglob("*") if path.is_file()
    }


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.mark.parametrize("packed", ["", "i.zip::", "i.7z::"])
def test_each_row_s_file_goes_to_its_side_under_its_new_name(job: Job, packed: str) -> None:
    found = placed(job, **{"from": packed + "i/{id}.jpg", "to": "{side}/{kind[0]}/{id}.jpg"})
    assert found == {"train/x/0.jpg": b"ab", "train/y/1.jpg": b"cd", "test/x/0.jpg": b"ef"}


def test_files_may_go_into_an_archive_of_each_side(job: Job) -> None:
    assert set(placed(job, **{"from": "i.zip::i/{id}.jpg", "to": "{side}.zip::{side}/{id}.jpg"})) == {
        "train.zip",
        "test.zip",
    }
    assert members(job.public / "train.zip") == {"train/0.jpg": b"ab", "train/1.jpg": b"cd"}
    assert members(job.public / "test.zip") == {"test/0.jpg": b"ef"}


def test_a_7z_holds_the_files_and_is_the_same_each_time(job: Job, tmp_path: Path) -> None:
    first = placed(job, **{"from": "i/{id}.jpg", "train": "a.7z::{id}.jpg"})
    assert first["a.7z"] == placed(job, **{"from": "i/{id}.jpg", "train": "b.7z::{id}.jpg"})["b.7z"]
    sevenzip.unpack(job.public / "a.7z", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {"0.jpg": b"ab", "1.jpg": b"cd"}


def test_one_side_alone_may_have_files(job: Job) -> None:
    assert set(placed(job, **{"from": "i/{id}.jpg", "test": "t/{id}.jpg"})) == {"t/0.jpg"}


def test_files_and_folders_of_no_row_are_copied_whole_to_the_same_place_or_another(job: Job) -> None:
    assert set(placed(job, **{"from": "notes.txt"})) == {"notes.txt"}
    assert set(placed(job, **{"from": "extra/"})) == {"notes.txt", "extra/deep/a.txt"}
    assert "more/a.txt" in placed(job, **{"from": "i.zip::extra/deep/", "to": "more/"})


def test_a_folder_may_go_with_each_row(job: Job) -> None:
    (job.raw / "s" / "ef" / "T1").mkdir(parents=True)
    (job.raw / "s" / "ef" / "T1" / "1.dcm").write_bytes(b"1")
    assert placed(job, **{"from": "s/{id}/", "test": "{side}/{id}/"}) == {"test/0/T1/1.dcm": b"1"}


def test_missing_files_columns_and_folders_are_named(job: Job) -> None:
    for said, named in [
        ({"from": "j/{id}.jpg", "to": "{id}.jpg"}, r"\w\w\.jpg"),
        ({"from": "i/{name}.jpg", "to": "{id}.jpg"}, "'name'"),
        ({"from": "k/", "to": "k/"}, "k/"),
    ]:
        with pytest.raises(ValueError, match=named):
            placed(job, **said)
    assert placed(job, **{"from": "j/{id}.jpg", "to": "{id}.jpg", "optional": True}) == {}


def test_an_archive_is_written_once(job: Job) -> None:
    placed(job, **{"from": "i/{id}.jpg", "to": "all.zip::{side}{id}.jpg"})
    with pytest.raises(ValueError, match=r"all\.zip is written twice"):
        placed(job, **{"from": "i/{id}.jpg", "to": "all.zip::{side}{id}.jpg"})


@pytest.mark.parametrize("said", [{"from": "a/", "to": "b"}, {"from": "a", "to": "b", "train": "c"}])
def test_specs_that_can_t_be_meant_are_refused(said: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Media.model_validate(said)


@pytest.mark.parametrize("packed", ["", "i.zip::"])
def test_files_can_be_listed_as_rows(job: Job, packed: str) -> None:
    rows = FileList(files=packed + "i/{first}d.jpg").read(job.raw)
    assert rows.to_dict("list") == {"first": ["c"]}
    with pytest.raises(ValueError, match=r"no file like .*k/"):
        FileList(files=packed + "k/{name}.jpg").read(job.raw)


def test_listed_files_are_sorted_by_folder_then_name(job: Job) -> None:
    for name in ("t/b/2.png", "t/b/1.png", "t/a-c/3.png", "t/a/4.png"):
        (job.raw / name).parent.mkdir(parents=True, exist_ok=True)
        (job.raw / name).touch()
    assert list(FileList(files="t/{kind}/{name}.png").read(job.raw).name) == ["4", "3", "1", "2"]
