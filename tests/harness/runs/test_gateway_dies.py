"""A gateway that dies under its run ends that run as infrastructure's, whenever it is; the same command finishes it."""

import asyncio

import pytest

from harness.groups.coordinator import run_group
from harness.results.layout import RunStatus
from tests.harness.runs.scripts import Scripts


class DyingOnCall(Scripts):
    """A provider during whose first call the gateway's loop ends; `later` seconds after it where it answers."""

    def __init__(self, later=None):
        self._later = later

    async def send(self, request):
        loop = asyncio.get_running_loop()
        if self._later is None:
            loop.stop()
            await asyncio.sleep(60)
        loop.call_later(self._later, loop.stop)
        return await super().send(request)


def dying_on(kind):
    def on_event(plan, stored):
        if stored.event.type == kind:
            asyncio.get_running_loop().stop()

    return on_event


STAGES = {
    "at the start": {"on_event": dying_on("start")},
    "in a model call": {"provider": lambda plan: DyingOnCall()},
    "while a script runs": {"provider": lambda plan: DyingOnCall(later=0.05)},
    "between nodes": {"on_event": dying_on("node")},
    "at the end": {"on_event": dying_on("end")},
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_gateway_that_dies_is_infrastructure_and_the_run_is_run_again(plan, group, tools, stage):
    chosen = {"provider": lambda plan: Scripts(), **STAGES[stage]}
    first = had(plan(steps=1), group, tools(**chosen))
    assert first.status is RunStatus.INFRA_FAILED, first.reason
    assert "gateway has ended" in first.reason, first.reason[-400:]
    folder = group.run(first.run_id)
    assert folder.read() == first and not folder.grade_file.exists()
    assert all(box.removed and box.process.poll() is not None for box in tools.sandboxes)
    again = had(plan(steps=1), group, tools(provider=lambda plan: Scripts()))
    assert (again.status, again.attempt) == (RunStatus.COMPLETED, 2), again.reason
    assert folder.attempt(1).read() == first and folder.grade_file.exists()


def had(plan, group, made):
    (finished,) = run_group([plan], group, made, jobs=1, on_start=lambda p: None, on_end=lambda p, f: None)
    return finished.record
