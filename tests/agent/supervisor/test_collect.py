from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from agent.supervisor.collect import Refused, collect

LIMIT = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "working").mkdir()
    return tmp_path


def taken(folder: Path) -> bytes:
    with tempfile.TemporaryFile() as into:
        size = collect(folder, into.fileno(), LIMIT)
        into.seek(0)
        content = into.read()
    assert len(content) == size
    return content


def test_a_regular_file_is_copied(folder: Path) -> None:
    (folder / "working/submission.csv").write_bytes(b"id\n1\n")
    assert taken(folder) == b"id\n1\n"


def test_what_stood_in_the_target_is_replaced(folder: Path) -> None:
    (folder / "working/submission.csv").write_bytes(b"new")
    with tempfile.TemporaryFile() as into:
        into.write(b"older and longer")
        into.flush()
        collect(folder, into.fileno(), LIMIT)
        into.seek(0)
        assert into.read() == b"new"


@pytest.mark.parametrize("missing", ["working", "working/submission.csv"])
def test_a_missing_file_is_said_to_be_missing(tmp_path: Path, missing: str) -> None:
    (tmp_path / missing).parent.mkdir(exist_ok=True)
    with pytest.raises(Refused, match=r"no working/submission\.csv was written"):
        taken(tmp_path)


def test_a_link_is_not_followed(folder: Path) -> None:
    (folder / "secret").write_text("labels")
    (folder / "working/submission.csv").symlink_to(folder / "secret")
    with pytest.raises(Refused, match="regular file"):
        taken(folder)


def test_a_linked_working_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/submission.csv").write_text("labels")
    (tmp_path / "working").symlink_to("elsewhere")
    with pytest.raises(Refused, match="regular file"):
        taken(tmp_path)


def test_a_pipe_without_a_writer_does_not_block(folder: Path) -> None:
    os.mkfifo(folder / "working/submission.csv")
    with pytest.raises(Refused, match="not a regular file"):
        taken(folder)


def test_a_folder_is_refused(folder: Path) -> None:
    (folder / "working/submission.csv").mkdir()
    with pytest.raises(Refused, match="not a regular file"):
        taken(folder)


def test_a_sparse_file_over_the_limit_is_refused_unread(folder: Path) -> None:
    with (folder / "working/submission.csv").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Refused, match="1099511627776 bytes; 1000 are allowed"):
        taken(folder)
