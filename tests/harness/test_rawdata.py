"""Archives of others: what is refused, and that nothing is written outside the folder."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from harness import rawdata
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
    archive = archive_of(tmp_path, **{"train.csv": bytes(rawdata.RATIO_FREE_BYTES + 1)})
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
    with pytest.raises(UserError, match=r"broken.*download it again"):
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
