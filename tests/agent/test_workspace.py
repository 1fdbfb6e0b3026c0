"""The one file that is graded."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "nodes", tmp_path / "submission" / "submission.csv")


def made(folder: Path, text: str) -> Path:
    path = folder / "made.csv"
    path.write_text(text)
    return path


def test_a_submission_is_copied(workspace: Workspace, tmp_path: Path) -> None:
    source = made(tmp_path, "id\n1\n")
    workspace.publish(source)
    assert workspace.submission.read_text() == "id\n1\n"
    assert source.exists()


def test_a_reader_of_the_old_file_keeps_the_old_file_whole(workspace: Workspace, tmp_path: Path) -> None:
    """It is replaced by rename, never written into."""
    workspace.publish(made(tmp_path, "old\n" * 1000))
    with workspace.submission.open() as reading:
        assert reading.readline() == "old\n"
        workspace.publish(made(tmp_path, "new\n"))
        assert set(reading.read().split()) == {"old"}
    assert workspace.submission.read_text() == "new\n"


def test_a_copy_that_fails_leaves_the_old_file(workspace: Workspace, tmp_path: Path) -> None:
    workspace.publish(made(tmp_path, "old\n"))
    with pytest.raises(FileNotFoundError):
        workspace.publish(tmp_path / "gone.csv")
    assert workspace.submission.read_text() == "old\n"


def test_what_an_interrupted_copy_left_is_no_obstacle(workspace: Workspace, tmp_path: Path) -> None:
    workspace.submission.parent.mkdir()
    (workspace.submission.parent / ".submission.csv.new").write_text("half")
    workspace.publish(made(tmp_path, "whole\n"))
    assert [path.name for path in workspace.submission.parent.iterdir()] == ["submission.csv"]
    assert workspace.submission.read_text() == "whole\n"
