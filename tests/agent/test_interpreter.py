"""The plain interpreter keeps the contract; it promises no isolation, so none is tested."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.interpreter import PlainInterpreter
from tests.agent.interpreter_contract import SAMPLE_CSV, TRAIN_CSV, InterpreterContract


class TestPlainInterpreter(InterpreterContract):
    @pytest.fixture
    def interpreter(self, tmp_path: Path) -> PlainInterpreter:
        data = tmp_path / "data"
        data.mkdir()
        (data / "train.csv").write_text(TRAIN_CSV)
        (tmp_path / "sample").mkdir()
        (tmp_path / "sample" / "train.csv").write_text(SAMPLE_CSV)
        return PlainInterpreter(Path(sys.executable), data, tmp_path / "sample")
