"""A command shares its machine with others as far as it can, says for whom it waits, and runs where it can't share."""

import os
import threading
import time

import pytest

from harness.errors import UserError
from harness.groups.budget import Ceiling, budget_of
from harness.groups.coordinator import run_group
from harness.groups.lender import Alone, Together
from harness.groups.lending import Ledger
from harness.groups.reserved import Reserved
from harness.results.layout import RunStatus
from harness.runs.stopping import StopFlag
from tests.harness.groups.test_lending import MACHINE, demand, die
from tests.harness.runs.agents import ENDS


class LenderContract:
    """What every lender does for one command."""

    @pytest.fixture
    def lender(self, tmp_path):
        raise NotImplementedError

    def test_what_was_lent_is_lent_again_only_when_it_was_given_back(self, lender):
        (first,) = lender.lend([demand("a", 2), demand("b")], 9)
        assert (first.run_id, first.cpus) == ("a", (0, 1)) and lender.lend([demand("b")], 9) == ()
        assert not lender.waits  # for its own run: nobody else is to be waited for
        lender.give_back("a")
        assert [one.run_id for one in lender.lend([demand("b"), demand("c")], 1)] == ["b"]
        lender.close()


class TestAlone(LenderContract):
    @pytest.fixture
    def lender(self, tmp_path):
        made = Alone(MACHINE)
        lend = made.lend
        made.lend = lambda demands, most: tuple(lend(demands, most))
        return made


class TestTogether(LenderContract):
    @pytest.fixture
    def lender(self, tmp_path):
        return Together(MACHINE, lambda: Ledger(tmp_path / "machine.sqlite", "g"), lambda: None, pytest.fail)


@pytest.fixture
def other(tmp_path):
    """Another command, which holds the whole machine."""
    ledger = Ledger(tmp_path / "machine.sqlite", "other")
    ledger.lend(MACHINE, [demand("theirs", 2)], 1)
    yield ledger
    die(ledger)


def test_for_whom_it_waits_is_said_once_and_told_to_who_looks(tmp_path, other):
    said = []
    mine = Together(MACHINE, lambda: Ledger(tmp_path / "machine.sqlite", "mine"), lambda: None, said.append)
    for _ in range(3):
        assert mine.lend([demand("a")], 9) == () and mine.waits
    assert said == [f"a waits: run theirs of group other (pid {os.getpid()}) holds CPUs 0-1"]
    other.give_back("theirs")
    assert [one.run_id for one in mine.lend([demand("a")], 9)] == ["a"] and not mine.waits
    mine.close()


def test_what_a_killed_command_left_running_is_removed_before_its_place_is_lent(tmp_path, other):
    path, cleared, said = tmp_path / "machine.sqlite", [], []
    mine = Together(
        MACHINE, lambda: Ledger(path, "mine"), lambda: cleared.append(len(mine._ledger.dead())), said.append
    )
    assert mine.lend([demand("a")], 9) == ()
    die(other)
    assert [one.run_id for one in mine.lend([demand("a")], 9)] == ["a"]
    assert cleared == [1] and "is free again: other" in said[-1]
    mine.close()


@pytest.mark.parametrize("how", ["refused", "not a folder", "broken later"])
def test_a_ledger_that_cannot_be_used_is_told_once_and_stops_no_run(tmp_path, how):
    path, said = tmp_path / "machine.sqlite", []

    def open_ledger():
        if how == "refused":
            raise UserError("somebody else's")
        return Ledger(path / "in-no-folder" if how == "not a folder" else path, "g")

    mine = Together(MACHINE, open_ledger, lambda: None, said.append)
    assert [one.run_id for one in mine.lend([demand("before")], 9)] == ["before"]
    if how == "broken later":
        path.unlink()
    assert [one.run_id for one in mine.lend([demand("a"), demand("b")], 9)] == ["a"]  # its own books still hold
    mine.give_back("a")
    mine.close()
    assert len(said) == 1 and "Runs start all the same" in said[0]


@pytest.fixture
def settle(plan, group, tools, tmp_path):
    """Run a plan that asks for all CPUs beside what another command holds; what was said."""

    def act(stop=None, meanwhile=lambda said: None):
        said = []
        lender = Together(MACHINE, lambda: Ledger(tmp_path / "machine.sqlite", "g"), lambda: None, said.append)
        admission = Reserved(
            lender=lender,
            jobs=1,
            group=group,
            budget=budget_of(group, Ceiling()),
            demand_of=lambda plan: demand(plan.run_id, 2),
            expected=lambda plan: 1.0,
            is_done=lambda plan: False,
            say=said.append,
        )
        made = tools(ENDS.format(reason="steps"), **({"stop": stop.in_order} if stop else {}))
        thread = threading.Thread(target=meanwhile, args=(said,))
        thread.start()
        quiet = {"on_start": lambda plan: None, "on_end": lambda *_: None}
        done = run_group([plan()], group, made, jobs=1, admission=admission, graded=False, **quiet)
        thread.join()
        admission.close()
        return done, said

    return act


def until(condition):
    ends = time.monotonic() + 30
    while not condition() and time.monotonic() < ends:
        time.sleep(0.02)


def test_a_group_waits_for_another_commands_run_and_then_runs(settle, other):
    def give_back(said):
        until(lambda: said)
        other.give_back("theirs")

    done, said = settle(meanwhile=give_back)
    assert [one.record.status for one in done] == [RunStatus.COMPLETED] and "holds CPUs 0-1" in said[0]
    assert done[0].record.reservation.waited_seconds > 0


def test_a_group_that_waits_for_another_command_can_be_stopped(settle, other, plan, group):
    stop = StopFlag()

    def end(said):
        until(lambda: said)
        stop.set()

    done, _ = settle(stop=stop, meanwhile=end)
    assert done == [] and group.run(plan().run_id).read().status is RunStatus.QUEUED
