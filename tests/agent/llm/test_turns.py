"""Under one budget a call waits for those in flight before it takes a refusal for the end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.ends import BudgetExhausted
from agent.llm.base import Message, Request
from agent.llm.turns import Sharing, Turns
from agent.scripted import ScriptedLLM

REQUEST = Request((Message("user", "hi"),), 0)


def test_a_refusal_while_another_call_is_out_is_tried_again_when_that_has_ended() -> None:
    refused, out = threading.Event(), threading.Event()

    def slow(request: Request) -> str:
        out.set()
        assert refused.wait(30)
        return "slow"

    asked = []

    def poor(request: Request) -> str:
        asked.append(True)
        if len(asked) == 1:
            refused.set()
            raise BudgetExhausted("reserved")
        return "poor"

    turns = Turns()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(Sharing(ScriptedLLM(slow), turns).complete, REQUEST)
        assert out.wait(30)
        second = pool.submit(Sharing(ScriptedLLM(poor), turns).complete, REQUEST)
        assert (first.result(30).text, second.result(30).text) == ("slow", "poor")
    assert len(asked) == 2


def test_alone_a_refusal_is_the_end() -> None:
    with pytest.raises(BudgetExhausted):
        Sharing(ScriptedLLM([BudgetExhausted("spent")]), Turns()).complete(REQUEST)


def test_when_all_are_refused_all_are_told() -> None:
    barrier = threading.Barrier(4, timeout=30)
    first = threading.local()

    def poor(request: Request) -> str:
        if not getattr(first, "met", False):
            first.met = True
            barrier.wait()
        raise BudgetExhausted("spent")

    turns = Turns()
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(Sharing(ScriptedLLM(poor), turns).complete, REQUEST) for _ in range(4)]
        for call in calls:
            with pytest.raises(BudgetExhausted):
                call.result(30)
