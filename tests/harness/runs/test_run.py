"""However a run ends, its record says whose end it was, and nothing of the box is left."""

import json

import pytest

from harness.errors import InfrastructureError, InvalidSubmission
from harness.gateway.journal import read_journal
from harness.grade_run import grade_run
from harness.results import RunStatus
from harness.run import run_one
from harness.schedule import run_group
from tests.harness.runs.host_sandbox import HostSandbox

# Programs in the agent's place; argv: the door's folder, a folder of their own.
PRELUDE = """
import sys, pathlib, time
from agent.contract import BestEvent, EndEvent, StartEvent
from agent.gateway import SocketGateway
door, folder = map(pathlib.Path, sys.argv[1:])
gateway = SocketGateway(door / "gateway.sock")
"""
ENDS = PRELUDE + "gateway.report(EndEvent('{reason}', 'told so', None))"
CRASHES = PRELUDE + "gateway.report(StartEvent('3', {})); raise SystemExit(9)"
LIES = PRELUDE + "gateway.report(EndEvent('steps', 'all is well', None)); raise SystemExit(1)"
WAITS_FOR_STOP = (
    PRELUDE
    + """
while not gateway.status().stop:
    time.sleep(0.02)
gateway.report(EndEvent('stopped', 'asked to', None))
"""
)
NEVER_ENDS = PRELUDE + "time.sleep(600)"


def run(plan, group, tools):
    folder = group.run(plan.run_id)
    return folder, run_one(plan, folder, tools)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("steps", RunStatus.COMPLETED),
        ("deadline", RunStatus.TIMED_OUT),
        ("budget", RunStatus.BUDGET_EXHAUSTED),
        ("stopped", RunStatus.STOPPED),
        ("model_unavailable", RunStatus.INFRA_FAILED),
        ("error", RunStatus.AGENT_FAILED),
    ],
)
def test_the_agents_own_end_decides_the_status(plan, group, tools, reason, status):
    folder, record = run(plan(), group, tools(ENDS.format(reason=reason)))
    assert (record.status, record.reason) == (status, "told so")
    assert folder.read() == record


def test_an_agent_that_crashes_has_failed_and_its_last_words_are_kept(plan, group, tools):
    _, record = run(plan(), group, tools(CRASHES))
    assert record.status is RunStatus.AGENT_FAILED
    assert record.exit_code == 9
    assert "exited with 9" in record.reason


def test_an_agent_that_reports_success_and_crashes_is_not_believed(plan, group, tools):
    _, record = run(plan(), group, tools(LIES))
    assert record.status is RunStatus.AGENT_FAILED


def test_the_wall_clock_limit_ends_a_run(plan, group, tools):
    _, record = run(plan(wall_seconds=1.5), group, tools(NEVER_ENDS))
    assert record.status is RunStatus.TIMED_OUT


def test_a_stop_reaches_the_agent_and_the_run_ends_in_order(plan, group, tools):
    _, record = run(plan(), group, tools(WAITS_FOR_STOP, stop=lambda: True))
    assert (record.status, record.reason) == (RunStatus.STOPPED, "asked to")


class BrokenSandbox(HostSandbox):
    def start(self):
        raise InfrastructureError("the engine is gone")


def test_infrastructure_that_fails_is_recorded_as_such_and_not_graded(plan, group, tools):
    done = run_group(
        [plan()], group, tools(sandbox=BrokenSandbox), jobs=1, on_start=lambda p: None, on_end=lambda p, f: None
    )
    assert done[0].record.status is RunStatus.INFRA_FAILED
    assert not group.run(plan().run_id).grade_file.exists()


class BuggySandbox(HostSandbox):
    def wait(self, tick):
        raise ZeroDivisionError("ours")


def test_a_bug_of_ours_rises_and_is_recorded_and_the_box_is_removed(plan, group, tools):
    made = tools(NEVER_ENDS, sandbox=BuggySandbox)
    with pytest.raises(ZeroDivisionError):
        run(plan(), group, made)
    record = group.run(plan().run_id).read()
    assert record.status is RunStatus.HARNESS_FAILED
    assert "ZeroDivisionError" in record.reason
    assert tools.sandboxes[0].removed and tools.sandboxes[0].process.poll() is not None


class TrickySandbox(HostSandbox):
    def fetch(self, path, destination):
        raise InvalidSubmission("submission.csv is a link to '/home/data/train.csv'")


def test_a_submission_that_could_not_be_taken_is_graded_invalid_with_the_reason(plan, group, tools, prepared):
    folder, record = run(plan(), group, tools(ENDS.format(reason="steps"), sandbox=TrickySandbox))
    report = grade_run(folder, record, *prepared)
    assert not report.valid and report.submission_exists
    assert "is a link" in report.reason


class LostSandbox(HostSandbox):
    def fetch(self, path, destination):
        raise InfrastructureError("the engine died meanwhile")


def test_when_the_container_is_lost_the_gateways_copy_of_the_best_node_is_taken(plan, group, tools, prepared):
    keeps = PRELUDE + (
        "csv = folder / 'submission.csv'\n"
        f"csv.write_bytes(open({str(prepared[1].public / 'sample_submission.csv')!r}, 'rb').read())\n"
        "gateway.check('n0001', csv)\n"
        "gateway.report(BestEvent('n0001', 0.5))\n"
        "gateway.report(EndEvent('steps', '', 'n0001'))"
    )
    folder, record = run(plan(), group, tools(keeps, sandbox=LostSandbox))
    assert record.submission_from == "journal"
    assert grade_run(folder, record, *prepared).valid


def test_what_a_container_sees_holds_no_label_key_or_repository(plan, group, tools):
    run(plan(), group, tools(ENDS.format(reason="steps")))
    spec = tools.sandboxes[0].spec
    assert sorted(mount.target for mount in spec.mounts) == ["/home/data", "/opt/podium/prompts", "/run/agent/door"]
    assert all("private" not in str(mount.source) for mount in spec.mounts)
    assert spec.environment == {}


def test_the_door_is_gone_after_the_run(plan, group, tools):
    run(plan(), group, tools(ENDS.format(reason="steps")))
    assert not tools.sandboxes[0].mounts["/run/agent/door"].exists()


def test_a_real_search_leaves_a_whole_record_and_a_gradable_submission(plan, group, tools, prepared):
    folder, record = run(plan(steps=2), group, tools())
    assert record.status is RunStatus.COMPLETED, record.reason
    assert record.usage.calls >= 2 and record.usage.cost_usd == 0
    events = [stored.event for stored in read_journal(folder.journal)]
    nodes = [event for event in events if event.type == "node"]
    assert [node.node for node in nodes] == ["n0001", "n0002"]
    for node in nodes:
        assert (folder.nodes / node.node / "solution.py").read_text() == node.code
    assert len(folder.transcript.read_text().splitlines()) == record.usage.calls
    report = grade_run(folder, record, *prepared)
    assert report.valid and report.score > 0.9
    assert report.medal is None and not report.stand_in
    assert json.loads(folder.grade_file.read_text())["score"] == report.score


def test_a_finished_run_is_left_alone_and_a_failed_one_is_run_again(plan, group, tools):
    quiet = {"jobs": 1, "on_start": lambda p: None, "on_end": lambda p, f: None}
    first = run_group([plan()], group, tools(ENDS.format(reason="model_unavailable")), **quiet)
    second = run_group([plan()], group, tools(ENDS.format(reason="steps")), **quiet)
    third = run_group([plan()], group, tools(CRASHES), **quiet)
    assert [item[0].reused for item in (first, second, third)] == [False, False, True]
    assert third[0].record == second[0].record
    assert second[0].record.attempt == 2
    assert (group.run(plan().run_id).path / "attempts" / "1" / "run.json").is_file()


def test_a_change_of_what_decides_the_outcome_is_run_again(plan, group, tools):
    quiet = {"jobs": 1, "on_start": lambda p: None, "on_end": lambda p, f: None}
    made = tools(ENDS.format(reason="steps"))
    run_group([plan(steps=2)], group, made, **quiet)
    again = run_group([plan(steps=3)], group, made, **quiet)
    assert not again[0].reused


def test_several_runs_at_a_time_do_not_mix(plan, group, tools):
    plans = [plan(seed=seed) for seed in range(4)]
    done = run_group(
        plans,
        group,
        tools(ENDS.format(reason="steps")),
        jobs=4,
        on_start=lambda p: None,
        on_end=lambda p, f: None,
    )
    assert [item.record.seed for item in done] == [0, 1, 2, 3]
    assert {item.record.status for item in done} == {RunStatus.COMPLETED}
