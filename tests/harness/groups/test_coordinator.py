"""A group does what is missing, once, and knows what it lacks however it was broken off."""

import subprocess
import sys
import threading

import pytest

from harness.errors import UserError
from harness.grading.grade_run import record_to_grade
from harness.groups.coordinator import run_group
from harness.rates.aggregate import aggregate
from harness.results.layout import RunFolder, RunStatus
from harness.runs import plan as plans
from harness.runs.first_record import first_record
from harness.sandbox.owner import me
from tests.harness.runs.agents import CRASHES, ENDS
from tests.harness.runs.host_sandbox import BrokenSandbox, HostSandbox

QUIET = {"on_start": lambda plan: None, "on_end": lambda plan, finished: None}
DEAD_OWNER = "/".join([*me().split("/")[:3], "1"])


def test_a_finished_run_is_left_alone_and_a_failed_one_is_run_again(plan, group, tools):
    first = run_group([plan()], group, tools(sandbox=BrokenSandbox), jobs=1, **QUIET)
    second = run_group([plan()], group, tools(ENDS.format(reason="steps")), jobs=1, **QUIET)
    third = run_group([plan()], group, tools(CRASHES), jobs=1, **QUIET)
    assert [item[0].reused for item in (first, second, third)] == [False, False, True]
    assert third[0].record == second[0].record
    assert second[0].record.attempt == 2
    assert (group.run(plan().run_id).path / "attempts" / "1" / "run.json").is_file()


def test_a_change_of_what_decides_the_outcome_is_run_again(plan, group, tools):
    made = tools(ENDS.format(reason="steps"))
    run_group([plan(steps=2)], group, made, jobs=1, **QUIET)
    again = run_group([plan(steps=3)], group, made, jobs=1, **QUIET)
    assert not again[0].reused


def test_several_runs_at_a_time_do_not_mix(plan, group, tools):
    plans = [plan(seed=seed) for seed in range(4)]
    done = run_group(
        plans,
        group,
        tools(ENDS.format(reason="steps")),
        jobs=4,
        **QUIET,
    )
    assert [item.record.seed for item in done] == [0, 1, 2, 3]
    assert {item.record.status for item in done} == {RunStatus.COMPLETED}


def test_runs_at_a_time_stay_on_cpus_of_their_own_and_are_the_same_runs_whichever_those_are(
    plan, group, tools, monkeypatch
):
    monkeypatch.setattr(plans.os, "sched_getaffinity", lambda pid: {4, 5, 6, 7})
    both = threading.Barrier(2)

    class Together(HostSandbox):
        def start(self):
            both.wait(20)
            super().start()

    chosen = [plan(seed=seed) for seed in range(2)]
    done = run_group(chosen, group, tools(ENDS.format(reason="steps"), sandbox=Together), jobs=2, **QUIET)
    assert sorted(item.record.request.candidate.cpus for item in done) == [(4, 5), (6, 7)]
    assert [item.record.plan_sha256 for item in done] == [item.sha256() for item in chosen]


@pytest.mark.parametrize(
    ("host", "cpus", "lane", "expected"),
    [
        ([0, 1], 2, 0, (0, 1)),
        ([0, 1], 1, 1, (1,)),
        ([0, 1], 1, 2, (0,)),
        ([0, 1, 2], 2, 1, (0, 2)),
        ([3], 4, 0, (3,)),
        ([0, 1], 0.5, 1, (1,)),
    ],
)
def test_lanes_of_cpus_wrap_around(host, cpus, lane, expected):
    assert plans.lane_cpus(host, cpus, lane) == expected


def test_a_group_that_was_stopped_knows_what_was_never_started(plan, group, tools):
    chosen = [plan(seed=seed) for seed in range(3)]
    asked = []
    made = tools(ENDS.format(reason="steps"), stop=lambda: bool(asked))
    run_group(chosen, group, made, jobs=1, on_start=lambda p: None, on_end=lambda p, f: asked.append(p))
    summary = aggregate(group)
    assert [row.status for row in summary.rows] == [RunStatus.COMPLETED, RunStatus.QUEUED, RunStatus.QUEUED]
    assert summary.missing == 2

    done = run_group(chosen, group, tools(ENDS.format(reason="steps")), jobs=1, **QUIET)
    assert [item.reused for item in done] == [True, False, False]
    assert [item.record.attempt for item in done] == [1, 1, 1]
    assert not (group.run(chosen[1].run_id).path / "attempts").exists()


def test_a_run_whose_process_was_killed_is_run_again_and_the_attempt_says_that_it_was_lost(plan, group, tools):
    folder = group.run(plan().run_id)
    folder.write(first_record(plan(), RunStatus.RUNNING, attempt=1).model_copy(update={"owner": DEAD_OWNER}))
    (done,) = run_group([plan()], group, tools(ENDS.format(reason="steps")), jobs=1, **QUIET)
    assert (done.record.status, done.record.attempt) == (RunStatus.COMPLETED, 2)
    assert RunFolder(folder.path / "attempts" / "1").read().status is RunStatus.LOST


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.INFRA_FAILED])
def test_a_run_without_an_outcome_is_not_graded_and_the_next_command_is_named(plan, group, status):
    folder = group.run(plan().run_id)
    record = first_record(plan(), status, attempt=1).model_copy(update={"owner": DEAD_OWNER, "reason": "a reason"})
    folder.write(record)
    with pytest.raises(UserError, match=r"podium bench breast-cancer-wisconsin --group group") as error:
        record_to_grade(folder)
    assert ("lost" if status is RunStatus.RUNNING else status) in str(error.value)


HOLDS = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_run_that_another_command_is_at_is_left_to_it(plan, group, tools):
    folder = group.run(plan().run_id)
    folder.write(first_record(plan(), RunStatus.RUNNING, attempt=1))
    (folder.path / "journal.jsonl").write_text("precious")
    command = [sys.executable, "-c", HOLDS, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        other.stdout.readline()
        with pytest.raises(UserError, match=r"another podium is at work.*--group"):
            run_group([plan()], group, tools(ENDS.format(reason="steps")), jobs=1, **QUIET)
        other.communicate(timeout=10)
    assert (folder.path / "journal.jsonl").read_text() == "precious"


def test_a_run_that_another_machine_is_at_is_left_to_it(plan, group, tools):
    folder = group.run(plan().run_id)
    folder.write(first_record(plan(), RunStatus.RUNNING, attempt=1).model_copy(update={"owner": "elsewhere/b/1/1"}))
    with pytest.raises(UserError, match=r"elsewhere/b/1/1.*rm .*run\.json"):
        run_group([plan()], group, tools(ENDS.format(reason="steps")), jobs=1, **QUIET)


def test_a_bug_in_one_of_several_runs_lets_the_others_end_and_starts_no_more(plan, group, tools):
    chosen = [plan(seed=seed) for seed in range(4)]
    broke = threading.Event()

    class Buggy(HostSandbox):
        def start(self):
            if self.spec.labels["podium.run"].endswith("s0"):
                raise ZeroDivisionError("ours")
            assert broke.wait(20)
            super().start()

    made = tools(ENDS.format(reason="steps"), sandbox=Buggy)
    with pytest.raises(ZeroDivisionError):
        run_group(chosen, group, made, jobs=2, **QUIET, on_broken=lambda plan, error: broke.set())
    statuses = [row.status for row in aggregate(group).rows]
    assert statuses == [RunStatus.HARNESS_FAILED, RunStatus.COMPLETED, RunStatus.QUEUED, RunStatus.QUEUED]


def test_the_record_of_a_run_is_written_once_a_stage(plan, group, tools, monkeypatch):
    written = []
    write = RunFolder.write
    monkeypatch.setattr(RunFolder, "write", lambda self, record: written.append(record) or write(self, record))
    run_group([plan()], group, tools(ENDS.format(reason="steps")), jobs=1, graded=False, **QUIET)
    assert [(one.status, one.lease_token, one.started_at is not None) for one in written] == [
        (RunStatus.QUEUED, None, False),
        (RunStatus.RUNNING, 1, False),
        (RunStatus.RUNNING, 1, True),
        (RunStatus.COMPLETED, 1, True),
    ]
