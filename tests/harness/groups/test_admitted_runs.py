"""A group under reservations and a budget: records say what each run had, and what is out of budget stays queued."""

import os
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.errors import UserError
from harness.groups import machine as machines
from harness.groups.budget import Ceiling, budget_of
from harness.groups.coordinator import outcome, run_group
from harness.groups.lender import Alone
from harness.groups.reservations import GIB, Inventory
from harness.groups.reserved import Reserved
from harness.results.layout import RunStatus
from harness.runs.bench import Bench
from harness.runs.ground import Ground
from harness.verbs.choices import BenchOptions
from tests.harness.runs.agents import ENDS

MACHINE = Inventory(cpus=(0, 1), memory_bytes=8 * GIB, disk_bytes=100 * GIB)


def small(plan):
    return replace(plan, limits=replace(plan.limits, cpus=1.0, memory_bytes=GIB, workspace_bytes=GIB), budget_usd=2.0)


def settle(plans, group, tools, *, ceiling=Ceiling()):  # noqa: B008 - frozen
    said = []
    options = BenchOptions(("a",), jobs=4, memory_bytes=1, disk_bytes=1)
    admission = Reserved(
        lender=Alone(MACHINE),
        jobs=4,
        group=group,
        budget=budget_of(group, ceiling),
        demand_of=lambda plan: machines.demand_of(plan, MACHINE, options),
        expected=lambda plan: float(plan.seed),
        is_done=lambda plan: outcome(plan, group.run(plan.run_id)) is not None,
        say=said.append,
    )
    started, lock = [], threading.Lock()

    def on_start(plan):
        with lock:
            started.append(plan.seed)

    done = run_group(
        plans, group, tools, jobs=4, admission=admission, graded=False, on_start=on_start, on_end=lambda *_: None
    )
    assert not admission._held and not admission.budget.held
    return done, started, said


def test_runs_at_a_time_have_cpus_of_their_own_and_the_longest_starts_first(plan, group, tools):
    plans = [small(plan(seed)) for seed in range(4)]
    done, started, said = settle(plans, group, tools(ENDS.format(reason="steps")))

    kept = [one.record.reservation for one in done]
    assert started[0] == 3 and sorted(started) == [0, 1, 2, 3] and said == []
    assert {one.cpus for one in kept} == {(0,), (1,)}
    assert all(one.record.request.candidate.cpus == one.record.reservation.cpus for one in done)
    assert [one.record.run_id for one in done] == [one.run_id for one in plans]


def test_what_the_budget_does_not_hold_stays_queued_and_more_of_it_goes_on(plan, group, tools):
    plans = [small(plan(seed)) for seed in range(2)]
    agent = tools(ENDS.format(reason="steps"))
    done, _, said = settle(plans, group, agent, ceiling=Ceiling(usd=1.0))
    assert done == [] and len(said) == 1 and "--group-budget" in said[0]
    assert [group.run(one.run_id).read().status for one in plans] == [RunStatus.QUEUED] * 2

    done, _, said = settle(plans, group, agent, ceiling=Ceiling(usd=2.0))
    assert len(done) == 2 and said == []  # one after the other: each gave back what it did not spend

    again, started, _ = settle(plans, group, agent, ceiling=Ceiling(usd=0.0))
    assert [one.reused for one in again] == [True, True] and started == []


@pytest.fixture
def bench(settings):
    """A command before its runs; its engine is this machine's, and has so much memory."""

    def make(memory_gib=8, **options):
        info = {"NCPU": os.cpu_count(), "MemTotal": memory_gib * GIB}
        client = SimpleNamespace(info=lambda: info, api=SimpleNamespace(base_url="http+docker://localhost"))
        return Bench(settings, BenchOptions(("a",), **options), lambda text: None, ground=Ground(client=client))

    return make


def test_a_command_admits_what_fits_on_its_engines_machine(bench, plan, group):
    run = small(plan())
    (admitted,) = bench(jobs=2)._admission([run], group, lambda plan: False, print).admit([run])
    assert len(admitted.place.cpus) == 1 and set(admitted.place.cpus) <= os.sched_getaffinity(0)


def test_a_command_refuses_what_can_never_fit_before_anything_starts(bench, plan, group):
    with pytest.raises(
        UserError, match=r"can never start on this machine: it asks for 2.0 GiB of memory, and there is 1"
    ):
        bench(memory_gib=1, memory_bytes=2 * GIB)._admission([plan()], group, lambda plan: False, print)
    with pytest.raises(UserError, match="--budget-tokens N"):
        bench(group_tokens=100)._admission([plan()], group, lambda plan: False, print)
