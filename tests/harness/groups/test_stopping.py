"""Another command ends a group: in order with whole journals, or now; what waits is left for the next command."""

import os
import signal
import threading

import pytest

from harness.errors import Interrupted
from harness.gateway.journal import read_journal
from harness.groups import leases
from harness.groups.coordinator import run_group
from harness.results.layout import RunStatus
from harness.runs.interrupt import orderly_interrupts
from harness.runs.stopping import StopFlag
from tests.harness.runs.agents import NEVER_ENDS, WAITS_FOR_STOP
from tests.harness.runs.host_sandbox import HostSandbox

QUIET = {"on_start": lambda plan: None, "on_end": lambda plan, finished: None}


def when_started(act):
    """A sandbox that has something done, once, when it is up."""
    done = threading.Event()

    class Watched(HostSandbox):
        def start(self):
            super().start()
            if not done.is_set():
                done.set()
                act()

    return Watched


def ask(group, *, at_once):
    return lambda: leases.ask(group, leases.last(group), at_once=at_once)


def test_asked_in_order_running_nodes_end_and_nothing_else_is_started(plan, group, tools):
    made = tools(WAITS_FOR_STOP, sandbox=when_started(ask(group, at_once=False)))
    said = []
    done = run_group([plan(seed=seed) for seed in range(3)], group, made, jobs=2, say=said.append, **QUIET)
    assert [item.record.status for item in done] == [RunStatus.STOPPED] * 2
    for item in done:
        last = list(read_journal(group.run(item.record.run_id).journal))[-1]
        assert (last.event.type, last.event.reason) == ("end", "stopped")
    assert group.run(plan(seed=2).run_id).read().status is RunStatus.QUEUED
    assert any("podium stop asked" in line for line in said)


def test_asked_for_now_nothing_is_waited_for_and_every_box_is_removed(plan, group, tools):
    made = tools(NEVER_ENDS, sandbox=when_started(ask(group, at_once=True)))
    with pytest.raises(Interrupted):
        run_group([plan(seed=seed) for seed in range(2)], group, made, jobs=2, **QUIET)
    assert [run.read().status for run in group.runs()] == [RunStatus.STOPPED] * 2
    assert all(sandbox.removed and sandbox.process.poll() is not None for sandbox in tools.sandboxes)
    assert leases.last(group).ended_at is not None


def test_a_sigterm_ends_a_script_that_would_take_hours(plan, group, tools):
    stop = StopFlag()
    act = lambda: os.kill(os.getpid(), signal.SIGTERM)  # noqa: E731
    made = tools(NEVER_ENDS, stop=stop.in_order, end=stop.at_once, sandbox=when_started(act))
    with orderly_interrupts(stop, lambda line: None), pytest.raises(Interrupted):
        run_group([plan()], group, made, jobs=1, **QUIET)
    assert group.run(plan().run_id).read().status is RunStatus.STOPPED
    assert all(sandbox.removed and sandbox.process.poll() is not None for sandbox in tools.sandboxes)


def test_the_next_command_goes_on_with_what_was_left(plan, group, tools):
    from tests.harness.runs.agents import ENDS

    plans = [plan(seed=seed) for seed in range(2)]
    run_group(plans, group, tools(WAITS_FOR_STOP, sandbox=when_started(ask(group, at_once=False))), jobs=1, **QUIET)
    done = run_group(plans, group, tools(ENDS.format(reason="steps")), jobs=2, **QUIET)
    assert [(item.record.status, item.record.attempt) for item in done] == [
        (RunStatus.COMPLETED, 2),
        (RunStatus.COMPLETED, 1),
    ]
    assert group.run(plans[0].run_id).attempt(1).read().status is RunStatus.STOPPED
