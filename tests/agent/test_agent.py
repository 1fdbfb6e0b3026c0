"""The loop, with a scripted model, interpreter and gateway."""

from __future__ import annotations

from agent.contract import BestEvent, EndEvent, ProposalEvent
from tests.agent.conftest import BenchMaker


def test_each_step_is_announced_then_reported(bench: BenchMaker) -> None:
    made = bench(steps=3)
    made.agent.run()
    kinds = [event.type for event in made.gateway.events]
    assert kinds == ["proposal", "node", "best", "proposal", "node", "proposal", "node", "end"]


def test_all_steps_done_is_an_end_in_order(bench: BenchMaker) -> None:
    made = bench(steps=3)
    assert made.agent.run() == EndEvent("steps", "all 3 steps are done", "n0001")
    assert isinstance(made.gateway.events[0], ProposalEvent) and isinstance(made.gateway.events[2], BestEvent)
