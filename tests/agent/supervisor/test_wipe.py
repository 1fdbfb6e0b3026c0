from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from agent.supervisor import wipe


def test_everything_goes_but_the_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/b/file").write_text("x")
    (tmp_path / "link").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    wipe.empty(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_entry_may_be_kept(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("x")
    (tmp_path / "gone").mkdir()
    wipe.empty(tmp_path, keep=("kept",))
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["kept", "kept/file"]


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/precious").write_text("x")
    (tmp_path / "slot").mkdir()
    (tmp_path / "slot/folder").symlink_to(tmp_path / "other")
    wipe.empty(tmp_path / "slot")
    assert (tmp_path / "other/precious").read_text() == "x"


def test_a_folder_that_was_replaced_by_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/precious").write_text("x")
    (tmp_path / "slot").symlink_to("other")
    with pytest.raises(OSError, match="slot"):
        wipe.empty(tmp_path / "slot")
    assert (tmp_path / "other/precious").exists()


def test_a_tree_deeper_than_any_path_needs_few_descriptors(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2500):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 8, limits[1]))
    try:
        wipe.empty(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert list(tmp_path.iterdir()) == []


def test_names_that_look_like_the_wiper_s_own_do_not_confuse_it(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"x-{number}" / f"x-{number}" / "y").mkdir(parents=True)
    wipe.empty(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_gets_its_plain_mode_back(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    wipe.empty(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files to others needs root")
def test_sweeping_takes_one_uid_s_entries_and_leaves_the_others(tmp_path: Path) -> None:
    for name, uid in (("mine", 10100), ("theirs", 10101)):
        (tmp_path / name / "below").mkdir(parents=True)
        os.chown(tmp_path / name, uid, uid)
        (tmp_path / f"{name}.txt").write_text("x")
        os.chown(tmp_path / f"{name}.txt", uid, uid)
    wipe.sweep(tmp_path, 10100)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs", "theirs.txt"]
