"""Archives of others: what is refused, and that nothing is written outside the folder."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from harness.data import rawdata, unpacking
from harness.errors import UserError


def archive_of(tmp_path: Path, **members: bytes) -> Path:
    archive = tmp_path / "raw.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return archive


def gather(archive: Path, *wanted: str) -> dict[str, Path]:
    into = archive.parent / "into"
    into.mkdir()
    return dict(rawdata.gather(archive, wanted, into))


def test_only_the_wanted_members_are_unpacked(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, **{"deep/a.csv": b"1", "b.csv": b"2"})
    found = gather(archive, "deep/a.csv")
    assert found["deep/a.csv"].read_bytes() == b"1"
    assert not (tmp_path / "into" / "b.csv").exists()


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil", "a/../../evil", "..\\evil.csv"])
def test_a_name_that_leaves_the_folder_refuses_the_archive(tmp_path: Path, name: str) -> None:
    archive = archive_of(tmp_path, **{"train.csv": b"1", name: b"evil"})
    with pytest.raises(UserError, match=r"leaves the folder: refused"):
        gather(archive, "train.csv")
    assert not list((tmp_path / "into").iterdir())


def test_a_link_refuses_the_archive(tmp_path: Path) -> None:
    archive = tmp_path / "raw.zip"
    link = zipfile.ZipInfo("train.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match=r"not a plain file: refused"):
        gather(archive, "train.csv")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, **{"train.csv": bytes(unpacking.RATIO_FREE_BYTES + 1)})
    with pytest.raises(UserError, match=r"would swell from \d+ to \d+ bytes: refused as a zip bomb"):
        gather(archive, "train.csv")


def test_a_member_that_lies_about_its_size_is_not_trusted(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, **{"train.csv": b"x" * 5000})
    content = archive.read_bytes()
    lying = content.replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != content
    archive.write_bytes(lying)
    with pytest.raises(UserError, match=r"broken"):
        gather(archive, "train.csv")


def test_a_damaged_member_is_found_by_its_checksum(tmp_path: Path) -> None:
    archive = tmp_path / "raw.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("train.csv", b"A" * 1000)
    archive.write_bytes(archive.read_bytes().replace(b"AAAA", b"AABA", 1))
    with pytest.raises(UserError, match=r"broken.*get it again"):
        gather(archive, "train.csv")


def test_a_truncated_archive_is_told(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, **{"train.csv": b"x" * 5000})
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"neither a folder nor a complete .zip"):
        gather(archive, "train.csv")


def test_missing_files_are_named_with_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lacks train.csv; it holds other.csv"):
        gather(archive_of(tmp_path, **{"other.csv": b""}), "train.csv")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"lacks train.csv; it holds nothing"):
        rawdata.gather(tmp_path / "folder", ["train.csv"], tmp_path)
    with pytest.raises(UserError, match=r"does not exist"):
        rawdata.gather(tmp_path / "nowhere", ["train.csv"], tmp_path)


def test_an_archive_without_room_to_unpack_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(tmp_path, **{"train.csv": b"x" * 5000})
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match=r"takes 5000 bytes.*100 free; make room"):
        gather(archive, "train.csv")


def tree(folder: Path) -> dict[str, bytes]:
    """What a folder holds, links followed."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


MEDIA = {
    "train/a/1.png": b"1",
    "train/2.png": b"2",
    "test/3.png": b"3",
    "part_1.csv": b"4",
    "part_2.csv": b"5",
    "part_10.csv": b"6",
    "deep/part_1.csv": b"7",
    "inner.zip": b"8",
    "fold_0/x": b"9",
    "fold_1/x": b"10",
}


@pytest.fixture(params=["folder", "archive"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same raw data as the user's folder and as an archive."""
    if request.param == "archive":
        return archive_of(tmp_path, **MEDIA)
    folder = tmp_path / "raw"
    for name, content in MEDIA.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["train/"], ["train"]),
        (["train/", "part_1.csv"], ["part_1.csv", "train"]),
        (["part_?.csv"], ["part_1.csv", "part_2.csv"]),
        (["part_*.csv", "inner.zip"], ["inner.zip", "part_1.csv", "part_10.csv", "part_2.csv"]),
        (["*/part_*.csv"], ["deep/part_1.csv"]),
        (["fold_*/"], ["fold_0", "fold_1"]),
        (["train/", "train/*.png"], ["train"]),
        (["train/*"], ["train/2.png"]),
    ],
)
def test_files_folders_and_patterns_are_found_alike_in_folders_and_archives(
    source: Path, tmp_path: Path, wanted: list[str], names: list[str]
) -> None:
    found = rawdata.gather(source, wanted, tmp_path / "into")
    assert sorted(found) == names
    for name, path in found.items():
        there = {name: path.read_bytes()} if path.is_file() else {f"{name}/{key}": b for key, b in tree(path).items()}
        assert there == {key: b for key, b in MEDIA.items() if key == name or key.startswith(f"{name}/")}


@pytest.mark.parametrize("wanted", ["train", "part_1.csv/", "nothing_*", "nothing/", "part_1"])
def test_what_is_not_there_as_wanted_is_missing(source: Path, tmp_path: Path, wanted: str) -> None:
    with pytest.raises(UserError, match=r"lacks .*it holds deep, fold_0, fold_1, inner\.zip, part_1\.csv"):
        rawdata.gather(source, [wanted], tmp_path / "into")


@pytest.mark.parametrize(
    ("wanted", "advice"),
    [
        ("inner/", r"inner/ is there as inner\.zip: unpack that beside it first"),
        ("inner.csv", r"inner\.csv is there as inner\.zip: unpack"),
        ("train.zip", r"train\.zip is there unpacked as train, but is wanted packed"),
        ("part_1.csv.zip", r"is there unpacked as part_1\.csv"),
        ("3.png", r"3\.png is in test: give that folder"),
    ],
)
def test_what_is_there_otherwise_packed_or_deeper_is_said(
    source: Path, tmp_path: Path, wanted: str, advice: str
) -> None:
    with pytest.raises(UserError, match=advice):
        rawdata.gather(source, [wanted], tmp_path / "into")


def test_what_an_interrupted_call_unpacked_is_not_unpacked_again(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, **{"a.csv": b"12345", "b.csv": b"67890"})
    into = tmp_path / "into"
    rawdata.gather(archive, ["a.csv"], into)
    inode = (into / "a.csv").stat().st_ino
    (into / "b.csv").write_bytes(b"67")  # half of it
    found = rawdata.gather(archive, ["*.csv"], into)
    assert found["a.csv"].stat().st_ino == inode
    assert tree(into) == {"a.csv": b"12345", "b.csv": b"67890"}


def test_a_name_that_is_a_file_and_a_folder_is_a_broken_archive(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, **{"a/b": b"1", "a/b/c": b"2"})
    with pytest.raises(UserError, match=r"broken: it holds .* as a file and as a folder"):
        rawdata.gather(archive, ["a/"], tmp_path / "into")
