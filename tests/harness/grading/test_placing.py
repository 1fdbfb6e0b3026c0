"""Media on their way into prepared data: shared where that is safe, never at the cost of the user's raw files."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from harness.splits.placing import names_in_zip, pack_zip, place, place_from_zip


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for number in range(200):
        (folder / f"{number}.png").write_bytes(b"%d" % number)
        (folder / f"{number}.png").chmod(0o644)
    return folder


def test_files_arrive_with_their_content_under_new_names(raw: Path, tmp_path: Path) -> None:
    pairs = [(raw / f"{number}.png", tmp_path / "to" / str(number % 3) / f"x{number}.png") for number in range(200)]
    assert place(pairs) == 200
    assert all(target.read_bytes() == source.read_bytes() for source, target in pairs)


def test_a_missing_source_is_named(raw: Path, tmp_path: Path) -> None:
    pairs = [(raw / "1.png", tmp_path / "1.png"), (raw / "nowhere.png", tmp_path / "2.png")]
    with pytest.raises(ValueError, match=r"the raw data lack nowhere\.png, which a table names"):
        place(pairs)


def test_of_two_sources_for_one_target_the_later_wins(raw: Path, tmp_path: Path) -> None:
    assert place([(raw / "1.png", tmp_path / "x"), (raw / "2.png", tmp_path / "x")]) == 1
    assert (tmp_path / "x").read_bytes() == b"2"
    assert (raw / "1.png").read_bytes() == b"1"


def test_placing_over_a_shared_file_leaves_the_raw_one(raw: Path, tmp_path: Path) -> None:
    place([(raw / "1.png", tmp_path / "x")])
    place([(raw / "2.png", tmp_path / "x")])
    assert [(raw / name).read_bytes() for name in ("1.png", "2.png")] == [b"1", b"2"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666, 0o755, 0o444])
def test_a_file_whose_mode_would_have_to_change_is_not_linked(raw: Path, tmp_path: Path, mode: int) -> None:
    (raw / "1.png").chmod(mode)
    place([(raw / "1.png", tmp_path / "x")])
    assert (tmp_path / "x").stat().st_ino != (raw / "1.png").stat().st_ino
    assert (raw / "1.png").stat().st_mode & 0o777 == mode


def test_a_link_to_a_raw_file_is_followed(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(raw / "7.png")
    (tmp_path / "folder").symlink_to(raw)
    place([(tmp_path / "link", tmp_path / "x"), (tmp_path / "folder" / "8.png", tmp_path / "y")])
    assert not (tmp_path / "x").is_symlink() and (tmp_path / "x").read_bytes() == b"7"
    assert (tmp_path / "y").read_bytes() == b"8"


def test_where_nothing_can_be_shared_files_are_copied(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    place([(raw / "7.png", tmp_path / "x")])
    assert (tmp_path / "x").read_bytes() == b"7" and (tmp_path / "x").stat().st_nlink == 1


def test_the_same_files_make_the_same_archive(raw: Path, tmp_path: Path) -> None:
    (raw / "text.csv").write_text("a\n" * 1000)
    pairs = [(raw / "2.png", "in/2.png"), (raw / "1.png", "in/1.png"), (raw / "text.csv", "text.csv")]
    assert pack_zip(tmp_path / "a.zip", pairs) == 3
    os.utime(raw / "1.png", (1, 1))
    pack_zip(tmp_path / "b.zip", pairs)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.namelist() == ["in/2.png", "in/1.png", "text.csv"]
        assert packed.read("in/2.png") == b"2"
        assert [member.compress_type for member in packed.infolist()] == [zipfile.ZIP_STORED] * 2 + [
            zipfile.ZIP_DEFLATED
        ]


def test_members_go_from_an_archive_straight_to_their_targets(raw: Path, tmp_path: Path) -> None:
    pack_zip(tmp_path / "a.zip", [(raw / f"{number}.png", f"in/{number}.png") for number in range(50)])
    assert len(names_in_zip(tmp_path / "a.zip")) == 50
    targets = [(f"in/{number}.png", tmp_path / "to" / f"{number % 40}.png") for number in range(40)]
    place_from_zip(tmp_path / "a.zip", [*targets, ("in/1.png", tmp_path / "again.png")])
    assert (tmp_path / "to" / "17.png").read_bytes() == b"17"
    assert (tmp_path / "again.png").read_bytes() == b"1"
    with pytest.raises(ValueError, match=r"a\.zip lacks in/99\.png, which a table names"):
        place_from_zip(tmp_path / "a.zip", [("in/99.png", tmp_path / "y")])
