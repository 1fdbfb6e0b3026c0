"""The slot interpreter keeps the same contract inside a hardened container, started warm and plainly."""

from __future__ import annotations

import pytest

from tests.agent.interpreter_contract import InterpreterContract
from tests.agent.supervisor.box import Box, BoxInterpreter

pytestmark = pytest.mark.engine


class TestSlotInterpreterWarm(InterpreterContract):
    @pytest.fixture
    def interpreter(self, box: Box) -> BoxInterpreter:
        return BoxInterpreter(box)


class TestSlotInterpreterPlain(InterpreterContract):
    @pytest.fixture
    def interpreter(self, cold_box: Box) -> BoxInterpreter:
        return BoxInterpreter(cold_box)
