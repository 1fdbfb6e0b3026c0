"""Runs are admitted longest first, as far as machine and budget go, and the books of both are balanced."""

import dataclasses

import pytest

from harness.errors import UserError
from harness.groups import machine as machines
from harness.groups.budget import Amount, Ceiling, GroupBudget
from harness.groups.lender import Alone
from harness.groups.reservations import GIB, Demand, Gpu, Inventory
from harness.groups.reserved import Reserved
from harness.results.layout import GroupFolder
from harness.sandbox.base import Gpus, Limits
from harness.verbs.choices import BenchOptions
from tests.harness import records

OPEN = Ceiling()
MACHINE = Inventory(cpus=(0, 1), memory_bytes=8 * GIB, disk_bytes=100 * GIB)


@dataclasses.dataclass(frozen=True)
class Plan:
    run_id: str
    limits: Limits = Limits(wall_seconds=60, memory_bytes=GIB, cpus=1, workspace_bytes=GIB)  # noqa: RUF009
    gpus: Gpus | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None


class Said(list):
    def __call__(self, text):
        self.append(text)


@pytest.fixture
def reserved(tmp_path):
    def make(machine=MACHINE, jobs=9, ceiling=OPEN, spent=None, expected=lambda plan: 1.0, done=(), **options):
        chosen = BenchOptions(("a",), jobs=jobs, memory_bytes=1, disk_bytes=1, **options)
        return Reserved(
            lender=Alone(machine),
            jobs=jobs,
            group=GroupFolder(tmp_path / "g"),
            budget=GroupBudget(ceiling, dict(spent or {})),
            demand_of=lambda plan: machines.demand_of(plan, machine, chosen),
            expected=expected,
            is_done=lambda plan: plan.run_id in done,
            say=Said(),
        )

    return make


def names(admitted):
    return [one.plan.run_id for one in admitted]


def test_the_longest_goes_first_and_each_has_cpus_of_its_own(reserved):
    plans = [Plan("short"), Plan("long"), Plan("middle")]
    made = reserved(expected=lambda plan: {"short": 1, "middle": 2, "long": 3}[plan.run_id])

    first, second = made.admit(plans)

    assert names([first, second]) == ["long", "middle"]
    assert {first.place.cpus, second.place.cpus} == {(0,), (1,)}
    assert made.admit([plans[0]]) == []
    made.release(plans[1])
    (third,) = made.admit([plans[0]])
    assert third.place.cpus == first.place.cpus and third.place.waited_seconds >= 0


def test_gpus_are_given_by_uuid(reserved):
    machine = dataclasses.replace(MACHINE, gpus=(Gpu("GPU-a"), Gpu("GPU-b")))
    made = reserved(machine)
    admitted = made.admit([Plan("one", gpus=Gpus(count=1)), Plan("two", gpus=Gpus(count=1))])
    assert {one.place.gpus for one in admitted} == {("GPU-a",), ("GPU-b",)}


def test_a_run_with_an_outcome_takes_neither_place_nor_money(reserved):
    made = reserved(jobs=1, ceiling=Ceiling(usd=1.0), done=("there",))
    plans = [Plan("there", budget_usd=5.0), Plan("new", budget_usd=1.0)]
    assert names(made.admit(plans)) == ["there"]
    made.release(plans[0])
    assert names(made.admit(plans[1:])) == ["new"]


def test_runs_start_only_while_their_shares_are_there_and_the_rest_waits(reserved, tmp_path):
    made = reserved(ceiling=Ceiling(usd=7.0), jobs=9)
    plans = [Plan(name, budget_usd=5.0) for name in ("a--aide--s0", "b--aide--s0")]
    assert names(made.admit(plans)) == ["a--aide--s0"]
    assert made.admit(plans[1:]) == [] and made.say == []

    usage = {"calls": 1, "cost_usd": 1.5}
    records.write(records.group_at(tmp_path / "g"), records.record("g", "a", usage=usage), None)
    made.release(plans[0])
    assert made.budget.used() == Amount(1.5)
    assert names(made.admit(plans[1:])) == ["b--aide--s0"]


def test_a_group_that_is_out_of_money_starts_no_more_and_says_so_once(reserved):
    made = reserved(ceiling=Ceiling(usd=7.0), spent={"earlier": Amount(4.0)})
    plans = [Plan("a", budget_usd=5.0), Plan("b", budget_usd=5.0), Plan("cheap", budget_usd=3.0)]
    assert names(made.admit(plans)) == ["cheap"]
    made.release(plans[2])
    assert made.admit(plans[:2]) == []
    (said,) = made.say
    assert "$4.00 of the group's $7.00" in said and "--group-budget" in said


@pytest.mark.parametrize(
    ("demand", "words"),
    [
        (Demand("run", 1, 64 * GIB, 0), r"asks for 64.0 GiB of memory, and there is 8.0 GiB.*--memory GIB"),
        (Demand("run", 3, 0, 0), r"asks for 3 of CPUs, and there is 2.*--cpus 2"),
        (Demand("run", 1, 0, 0, gpus=1), r"asks for 1 of GPUs, and there is none.*--gpus N"),
    ],
)
def test_what_can_never_start_is_refused_with_what_there_is_and_what_to_say(demand, words):
    with pytest.raises(UserError, match=words):
        machines.refuse_what_never_fits(MACHINE, [demand])


def test_memory_and_disk_that_nobody_named_are_asked_for_as_far_as_there_is():
    plan = Plan("run", limits=Limits(wall_seconds=1, memory_bytes=60 * GIB, cpus=1, workspace_bytes=500 * GIB))
    demand = machines.demand_of(plan, MACHINE, BenchOptions(("a",), jobs=2))
    assert (demand.memory_bytes, demand.disk_bytes) == (4 * GIB, 50 * GIB)
    stated = machines.demand_of(plan, MACHINE, BenchOptions(("a",), memory_bytes=1, disk_bytes=1))
    assert (stated.memory_bytes, stated.disk_bytes) == (60 * GIB, 500 * GIB)


def test_jobs_without_cpus_share_cpus_and_jobs_with_cpus_do_not():
    plans = [Plan(str(number)) for number in range(4)]
    shared = machines.lent_as_asked(MACHINE, BenchOptions(("a",), jobs=4), plans)
    strict = machines.lent_as_asked(MACHINE, BenchOptions(("a",), jobs=4, cpus=1.0), plans)
    assert (shared.runs_per_cpu, strict.runs_per_cpu) == (2, 1)

    said = Said()
    demands = [Demand(plan.run_id, 1.0, 0, 0) for plan in plans]
    machines.point_out_crowding(strict, demands, BenchOptions(("a",), jobs=4, cpus=1.0), said)
    machines.point_out_crowding(shared, demands, BenchOptions(("a",), jobs=4), said)
    assert "2 at a time fit" in said[0] and "4 runs share 2 CPUs" in said[1]


def test_gpus_that_can_not_be_listed_go_to_one_run_at_a_time_as_they_were_asked_for(reserved):
    plans = [Plan("a", gpus=Gpus(count=1)), Plan("b", gpus=Gpus(count=1))]
    machine = machines.lent_as_asked(MACHINE, BenchOptions(("a",)), plans)
    made = reserved(machine)
    (first,) = made.admit(plans)
    assert first.place.gpus == () and made.admit(plans[1:]) == []
