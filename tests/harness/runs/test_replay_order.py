"""A replay of a run with several workers grows the same tree, though everything takes another time."""

import asyncio
import random
from dataclasses import replace

import pytest

from harness.errors import UserError
from harness.gateway.journal import read_journal
from harness.gateway.providers import replay_of
from harness.results.layout import RunStatus
from harness.runs import recorded_order
from harness.runs.run import run_one
from tests.harness.runs.scripts import Scripts


class Slow(Scripts):
    """Answers after a while that differs each time."""

    async def send(self, request):
        await asyncio.sleep(random.random() / 2)
        return await super().send(request)


def tree(folder):
    events = [stored.event for stored in read_journal(folder.journal) if stored.event.type in ("proposal", "node")]
    return [(event.type, event.node, event.parents, getattr(event, "code", ""), event.action) for event in events]


def test_the_recorded_order_is_kept(plan, group, tools):
    chosen = replace(plan(steps=8), workers=2)
    folder = group.run(chosen.run_id)
    assert run_one(chosen, folder, tools(provider=lambda plan: Slow())).status is RunStatus.COMPLETED
    again = replace(chosen, group="again", replay=folder.transcript)
    other = type(group)(group.path.parent / "again").run(again.run_id)
    record = run_one(again, other, tools(provider=lambda plan: replay_of(folder.transcript)))
    assert record.status is RunStatus.COMPLETED, record.reason
    assert tree(other) == tree(folder)
    with pytest.raises(UserError, match=r"that run had 2 workers, not 1\. Try: --workers 2"):
        recorded_order.refuse_other_workers(folder.transcript, 1)
