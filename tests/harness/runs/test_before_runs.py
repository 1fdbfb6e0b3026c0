"""What can't work, or would hurt, is said before the first run."""

from types import SimpleNamespace

import pytest

from harness.errors import UserError
from harness.runs import before_runs


def test_a_results_folder_that_can_be_made_is_fine_and_one_that_can_not_is_named(tmp_path):
    before_runs.refuse_results_folder(tmp_path / "new" / "results")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/results.*PODIUM_RESULTS"):
        before_runs.refuse_results_folder(tmp_path / "file" / "results")


def test_a_results_folder_that_may_not_be_written_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(before_runs.os, "access", lambda path, mode: False)  # as for anybody but root
    with pytest.raises(UserError, match="PODIUM_RESULTS"):
        before_runs.refuse_results_folder(tmp_path / "results")


def test_more_cpus_than_there_are_is_refused_with_the_number():
    client = SimpleNamespace(info=lambda: {"NCPU": 4})
    before_runs.refuse_cpus(client, None)
    before_runs.refuse_cpus(client, 4.0)
    with pytest.raises(UserError, match=r"--cpus 4.5: .* has 4\. Try: --cpus 4"):
        before_runs.refuse_cpus(client, 4.5)


def test_a_runtime_that_the_engine_does_not_know_is_refused_with_the_setting():
    client = SimpleNamespace(info=lambda: {"Runtimes": {"runc": {}, "runsc": {}}})
    before_runs.refuse_runtime(client, None)
    before_runs.refuse_runtime(client, "runsc")
    with pytest.raises(UserError, match=r'--runtime kata: the engine knows runc, runsc.*"/usr/bin/kata"'):
        before_runs.refuse_runtime(client, "kata")


def test_more_memory_than_there_is_is_refused_with_how_much_there_is():
    client = SimpleNamespace(info=lambda: {"MemTotal": 24 << 30})
    before_runs.refuse_memory(client, None)
    before_runs.refuse_memory(client, 24 << 30)
    with pytest.raises(UserError, match=r"--memory 64: .* has 24\.0 GiB\. Try: --memory 24"):
        before_runs.refuse_memory(client, 64 << 30)


def test_workspaces_that_could_fill_the_disk_are_pointed_out_once(tmp_path):
    said = []
    before_runs.point_out_disk(tmp_path / "home" / "workspaces", 1 << 20, said.append)
    assert said == []
    before_runs.point_out_disk(tmp_path / "home" / "workspaces", 1 << 60, said.append)
    assert len(said) == 1 and "--disk" in said[0] and str(tmp_path) in said[0]
