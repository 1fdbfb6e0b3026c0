"""Cheat at the cost of the runs beside: their budget, their gateway."""

from __future__ import annotations

import contextlib
import socket

from harness.gateway.budget import Budget
from harness.gateway.prices import FreePrices
from harness.gateway.providers.fake import FakeProvider
from harness.gateway.providers.upstream import Account, Upstream
from tests.boundary.inside.base import CHEAT
from tests.boundary.outside.base import Desk, deed
from tests.harness.gateway.conftest import KEY, Bench

CHAT = "/v1/chat/completions"
BODY = {"model": "model-a", "messages": [{"role": "user", "content": "hi"}]}
CALLS = 2
HELD = 100


@contextlib.contextmanager
def _two_runs():
    with contextlib.ExitStack() as stack:
        fake = stack.enter_context(FakeProvider())
        bench = Bench(stack)

        def provider() -> Upstream:
            return Upstream(Account("openai", fake.base_url, KEY), frozenset({"model-a"}), FreePrices())

        yield bench, *(bench.gateway(provider(), budget=Budget(calls=CALLS)) for _ in range(2))


def _spent(bench: Bench, gateway) -> list[int]:
    return [bench.http(gateway).post(CHAT, json=BODY).status_code for _ in range(CALLS + 1)]


def _who_shares_it(desk: Desk) -> object:
    with _two_runs() as (bench, first, _):
        _spent(bench, first)
        return bench.http(first).post(CHAT, json=BODY).status_code == 402


@deed(CHEAT, _who_shares_it)
def spend_the_budget_of_another_run(desk: Desk) -> object:
    """Spend more than the own budget, at the cost of the run beside."""
    with _two_runs() as (bench, first, second):
        assert _spent(bench, first)[-1] == 402
        return bench.http(second).post(CHAT, json=BODY).status_code == 402


@deed(CHEAT, no_control="a gateway without bounds is none of ours")
def keep_the_gateway_of_another_run_busy(desk: Desk) -> object:
    """Hold a hundred requests open, so that the run beside is not served."""
    with _two_runs() as (bench, first, second), contextlib.ExitStack() as held:
        for _ in range(HELD):
            client = held.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(first.socket))
            client.sendall(b"POST /podium/events HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n ")
        return bench.http(second).get("/podium/status").status_code != 200
