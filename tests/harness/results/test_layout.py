"""Names can't leave the results folder; attempts are kept; nothing half-written is read."""

import os
import shutil

import pytest

from harness import files
from harness.errors import UserError
from harness.results.layout import Results, RunFolder, check_name


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../x", "a b", "x\n", "é"])
def test_a_name_that_could_leave_the_folder_is_refused(name):
    with pytest.raises(UserError, match="can't name"):
        check_name(name, "group")


def test_an_earlier_attempt_is_set_aside_whole(tmp_path):
    folder = RunFolder(tmp_path / "run")
    assert folder.set_aside() == 1
    (folder.path / "run.json").write_text("first")
    (folder.path / "nodes").mkdir()
    (folder.path / "nodes" / "kept").write_text("x")
    assert folder.set_aside() == 2
    (folder.path / "run.json").write_text("second")
    assert folder.set_aside() == 3
    assert (folder.path / "attempts" / "1" / "run.json").read_text() == "first"
    assert (folder.path / "attempts" / "1" / "nodes" / "kept").read_text() == "x"
    assert (folder.path / "attempts" / "2" / "run.json").read_text() == "second"
    assert [entry.name for entry in folder.path.iterdir()] == ["attempts"]


def test_attempts_that_somebody_removed_leave_the_numbers_of_the_others(tmp_path):
    folder = RunFolder(tmp_path / "run")
    kept = folder.path / "attempts" / "2"
    kept.mkdir(parents=True)
    (kept / "run.json").write_text("second")
    (folder.path / "run.json").write_text("third")
    assert folder.set_aside() == 4
    assert (folder.path / "attempts" / "3" / "run.json").read_text() == "third"
    assert (kept / "run.json").read_text() == "second"


def test_setting_aside_that_was_killed_half_way_is_finished_and_splits_no_attempt(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    for name in ("run.json", "journal.jsonl", "submission.csv"):
        (folder.path / name).write_text("first")
    moved = []
    real = shutil.move

    def killed(source, target):
        if moved:
            raise KeyboardInterrupt
        moved.append(real(source, target))

    monkeypatch.setattr(shutil, "move", killed)
    with pytest.raises(KeyboardInterrupt):
        folder.set_aside()
    assert (folder.path / "run.json").is_file()
    monkeypatch.undo()
    assert folder.set_aside() == 2
    assert sorted(path.name for path in (folder.path / "attempts" / "1").iterdir()) == [
        "journal.jsonl",
        "run.json",
        "submission.csv",
    ]


def test_a_record_that_does_not_validate_names_the_file_and_the_field(tmp_path):
    (tmp_path / "run.json").write_text('{"schema_version": 1}')
    with pytest.raises(UserError, match=r"run\.json is not a run record.*run_id.*move"):
        RunFolder(tmp_path).read()


def test_an_unknown_group_or_run_says_what_there_is(tmp_path):
    results = Results(tmp_path)
    (tmp_path / "known" / "run").mkdir(parents=True)
    (tmp_path / "known" / "run" / "run.json").write_text("{}")
    with pytest.raises(UserError, match="there are: known"):
        results.existing_group("unknown")
    with pytest.raises(UserError, match="no run 'known/other'"):
        results.existing_run("known/other")
    assert results.existing_group("latest").name == "known"
    assert results.existing_run("known/run").path == tmp_path / "known" / "run"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "a.json"
    files.write_json(target, {"old": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_json(target, {"new": 2})
    assert target.read_text() == '{\n  "old": 1\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_not_a_number_never_reaches_a_file(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"score": float("nan")})
    assert not (tmp_path / "a.json").exists()
