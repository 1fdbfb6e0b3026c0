"""Only the coordinator publishes: what is handed in is a result while its lease is held, else an attempt."""

import shutil
import sqlite3
import threading
from queue import Empty, SimpleQueue

import pytest

from harness.errors import InfrastructureError
from harness.groups import leases
from harness.groups.coordinator import run_group
from harness.groups.executor import Alive, HandedIn, Vanished
from harness.results.layout import RunFolder, RunStatus
from harness.runs.run import run_one
from tests.harness.runs.agents import ENDS

QUIET = {"on_start": lambda plan: None, "on_end": lambda plan, finished: None}


class Elsewhere:
    """Workers with a disk of their own; `fate` says of each task what becomes of it."""

    silence_seconds = None

    def __init__(self, plans, tools, disk, fate=lambda task: "hand in"):
        self.plans = {plan.run_id: plan for plan in plans}
        self.tools, self.disk, self.fate = tools, disk, fate
        self.events = SimpleQueue()
        self.tasks = []
        self.cancelled = []

    def submit(self, task):
        self.tasks.append(task)
        what = self.fate(task)
        if what == "no worker":
            raise InfrastructureError("the cluster is gone")
        if what == "vanish":
            self.events.put(Vanished(task.token, "its node is gone"))
        if what == "hand in":
            self.hand_in(task)

    def hand_in(self, task):
        folder = RunFolder(self.disk / str(task.token))
        run_one(self.plans[task.run_id], folder, self.tools)
        self.events.put(HandedIn(task.token, folder.path))

    def next_event(self, timeout_seconds):
        try:
            return self.events.get(timeout=min(timeout_seconds, 0.05))
        except Empty:
            return None

    def cancel(self, token, *, at_once):
        self.cancelled.append((token, at_once))

    def close(self):
        pass


@pytest.fixture
def elsewhere(plan, tools, tmp_path):
    def make(fate=lambda task: "hand in", seeds=(0,)):
        disk = tmp_path / "elsewhere"
        disk.mkdir()
        return Elsewhere([plan(seed=seed) for seed in seeds], tools(ENDS.format(reason="steps")), disk, fate)

    return make


def go(executor, group, **options):
    return run_group(
        list(executor.plans.values()), group, executor.tools, jobs=2, executor=lambda work: executor, **QUIET, **options
    )


def test_what_is_handed_in_from_elsewhere_becomes_the_runs_result_with_its_grade(elsewhere, group):
    executor = elsewhere(seeds=(0, 1, 2))
    done = go(executor, group)
    assert [item.record.status for item in done] == [RunStatus.COMPLETED] * 3
    for item in done:
        folder = group.run(item.record.run_id)
        assert folder.read() == item.record and folder.grade_file.is_file() and folder.journal.is_file()
    assert sorted(item.record.lease_token for item in done) == [1, 2, 3]
    assert list(executor.disk.iterdir()) == []
    assert {lease.state for lease in leases.all_of(group)} == {"published"}


def test_while_a_run_goes_on_elsewhere_its_record_here_says_so(elsewhere, group):
    seen = []
    executor = elsewhere()
    executor.fate = lambda task: seen.append(RunFolder(task.folder).read()) or "hand in"
    go(executor, group)
    assert (seen[0].status, seen[0].lease_token) == (RunStatus.RUNNING, 1)


def test_a_run_whose_worker_vanished_is_placed_again_and_the_attempt_is_kept_as_lost(elsewhere, group):
    executor = elsewhere(lambda task: "vanish" if task.attempt == 1 else "hand in")
    (done,) = go(executor, group)
    folder = group.run(done.record.run_id)
    assert (done.record.status, done.record.attempt, done.record.lease_token) == (RunStatus.COMPLETED, 2, 2)
    first = folder.attempt(1).read()
    assert (first.status, first.reason, first.lease_token) == (RunStatus.LOST, "its node is gone", 1)
    assert [lease.state for lease in leases.all_of(group)] == ["lost", "published"]


def test_a_run_whose_workers_vanish_again_and_again_is_missing_in_the_end(elsewhere, group):
    executor = elsewhere(lambda task: "vanish" if task.run_id.endswith("s0") else "hand in", seeds=(0, 1))
    done = go(executor, group)
    assert [item.record.status for item in done] == [RunStatus.LOST, RunStatus.COMPLETED]
    assert done[0].record.attempt == len([task for task in executor.tasks if task.run_id.endswith("s0")]) == 3


def test_a_silent_worker_loses_its_lease_and_what_it_hands_in_later_is_kept_and_never_published(elsewhere, group):
    executor = elsewhere()
    executor.silence_seconds = 0.2
    late = threading.Event()

    def fate(task):
        if task.attempt == 1:
            return "say nothing"
        executor.hand_in(executor.tasks[0])  # the first worker was only slow, and is heard before the second
        late.set()
        return "hand in"

    executor.fate = fate
    (done,) = go(executor, group)
    assert late.is_set() and executor.cancelled[0] == (1, True)
    folder = group.run(done.record.run_id)
    assert (done.record.lease_token, done.record.attempt) == (2, 2)
    kept = folder.attempt(1)
    assert kept.read().status is RunStatus.LOST and "ended as completed" in kept.read().reason
    assert kept.journal.is_file() and kept.read().lease_token == 1
    assert folder.read() == done.record


def test_a_worker_that_shows_that_it_lives_keeps_its_lease(elsewhere, group):
    executor = elsewhere(lambda task: "say nothing")
    executor.silence_seconds = 0.3
    heard = []

    def next_event(timeout_seconds):
        heard.append(1)
        if len(heard) < 12:
            threading.Event().wait(0.05)
            return Alive(1, nodes=len(heard))
        if len(heard) == 12:
            executor.hand_in(executor.tasks[0])
        return Elsewhere.next_event(executor, timeout_seconds)

    executor.next_event = next_event
    (done,) = go(executor, group)
    assert (done.record.status, done.record.attempt) == (RunStatus.COMPLETED, 1)


def test_without_any_worker_the_command_ends_as_infrastructure_and_the_run_can_be_run_again(elsewhere, group):
    executor = elsewhere(lambda task: "no worker")
    with pytest.raises(InfrastructureError, match="the cluster is gone"):
        go(executor, group)
    executor.fate = lambda task: "hand in"
    (done,) = go(executor, group)
    assert done.record.status is RunStatus.COMPLETED


def test_a_folder_that_is_handed_in_without_a_record_is_no_result(elsewhere, group):
    executor = elsewhere(lambda task: "say nothing")

    def fate(task):
        (executor.disk / "empty").mkdir()
        executor.events.put(HandedIn(task.token, executor.disk / "empty"))

    executor.fate = fate
    with pytest.raises(InfrastructureError, match=r"without a run\.json"):
        go(executor, group)


def test_a_run_on_this_machine_whose_lease_is_lost_ends_as_lost(plan, group, tools):
    made = tools(ENDS.format(reason="steps"))
    taken = []

    def take_the_lease(plan, stored):
        if not taken:
            taken.append(leases.all_of(group)[-1].token)
            with sqlite3.connect(group.leases) as connection:
                connection.execute("UPDATE leases SET state = 'lost'")

    made = tools(ENDS.format(reason="steps"), on_event=take_the_lease)
    (done,) = run_group([plan()], group, made, jobs=1, **QUIET)
    assert taken and done.record.status is RunStatus.LOST
    assert "its lease was lost before it ended as completed" in done.record.reason
    assert not group.run(plan().run_id).grade_file.exists()


def test_one_whose_folder_a_later_attempt_has_writes_nothing_there(plan, group, tools, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.0)
    later = {}

    def another_takes_over(p, stored):
        if not later:
            with sqlite3.connect(group.leases) as connection:
                connection.execute("INSERT INTO coordinators (owner, jobs, began_at) VALUES ('elsewhere/b/1/1', 1, '')")
            folder = group.run(p.run_id)
            later["record"] = folder.read().model_copy(update={"attempt": 2, "lease_token": 99})
            shutil.copytree(folder.path, folder.path / "attempts" / "1", ignore=shutil.ignore_patterns("attempts"))
            folder.write(later["record"])

    made = tools(ENDS.format(reason="steps"), on_event=another_takes_over)
    with pytest.raises(leases.Superseded):
        run_group([plan()], group, made, jobs=1, **QUIET)
    assert group.run(plan().run_id).read() == later["record"]
