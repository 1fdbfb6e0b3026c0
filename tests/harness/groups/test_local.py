"""The executor of this machine."""

import threading

import pytest

from harness.groups.local import LocalExecutor
from tests.harness.groups.contract import ExecutorContract, task, work


class TestLocalExecutor(ExecutorContract):
    @pytest.fixture
    def make(self):
        return LocalExecutor

    def test_it_works_in_the_folder_of_the_run_itself(self, executor, tmp_path):
        executor.submit(task(1, tmp_path / "run", "write", ""))
        assert self.ending(executor).folder == tmp_path / "run"

    def test_nothing_of_it_runs_when_it_is_closed(self, tmp_path):
        executor = LocalExecutor(work)
        executor.submit(task(1, tmp_path / "run", "until-ended"))
        assert "run-run-1" in {thread.name for thread in threading.enumerate()}
        executor.close()
        assert "run-run-1" not in {thread.name for thread in threading.enumerate()}
