"""However a run ends, its record says whose end it was, and nothing of the box is left."""

import errno
import json
from dataclasses import replace

import pytest

from harness.errors import InfrastructureError, Interrupted, InvalidSubmission, UserError
from harness.gateway.journal import read_journal
from harness.grading.grade_run import grade_run
from harness.groups.coordinator import run_group
from harness.results.layout import RunFolder, RunStatus
from harness.runs import promptset
from harness.runs.run import run_one
from tests.harness.runs.agents import CRASHES, ENDS, LIES, NEVER_ENDS, PRELUDE, WAITS_FOR_STOP
from tests.harness.runs.host_sandbox import BrokenSandbox, HostSandbox


def run(plan, group, tools):
    folder = group.run(plan.run_id)
    return folder, run_one(plan, folder, tools)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("steps", RunStatus.COMPLETED),
        ("deadline", RunStatus.TIMED_OUT),
        ("budget", RunStatus.BUDGET_EXHAUSTED),
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


def test_an_end_at_once_removes_the_box_and_says_so(plan, group, tools):
    with pytest.raises(Interrupted):
        run(plan(), group, tools(NEVER_ENDS, end=lambda: True))
    record = group.run(plan().run_id).read()
    assert record.status is RunStatus.STOPPED and record.ended_at
    assert tools.sandboxes[0].removed and tools.sandboxes[0].process.poll() is not None


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


def test_an_error_of_the_users_that_shows_late_is_not_blamed_on_the_harness(plan, group, tools):
    def no_key(plan):
        raise UserError("openai/… needs a key")

    with pytest.raises(UserError):
        run(plan(), group, tools(NEVER_ENDS, provider=no_key))
    record = group.run(plan().run_id).read()
    assert (record.status, record.reason) == (RunStatus.INFRA_FAILED, "openai/… needs a key")


class FullDiskSandbox(HostSandbox):
    def fetch(self, path, destination):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_infrastructure_and_no_bug(plan, group, tools):
    _, record = run(plan(), group, tools(ENDS.format(reason="steps"), sandbox=FullDiskSandbox))
    assert record.status is RunStatus.INFRA_FAILED
    assert "No space left" in record.reason and "podium doctor" in record.reason


def test_a_final_record_that_cannot_be_written_is_said_with_what_the_run_came_to(plan, group, tools, monkeypatch):
    real = RunFolder.write

    def full(folder, record):
        if record.ended_at is not None:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(folder, record)

    monkeypatch.setattr(RunFolder, "write", full)
    with pytest.raises(InfrastructureError, match=r"run\.json can't be written.*ended as completed"):
        run(plan(), group, tools(ENDS.format(reason="steps")))


class ClingingSandbox(HostSandbox):
    def remove(self):
        super().remove()
        raise InfrastructureError("the volume is in use")


def test_a_box_that_can_not_be_removed_does_not_take_the_agents_outcome(plan, group, tools):
    _, record = run(plan(), group, tools(ENDS.format(reason="steps"), sandbox=ClingingSandbox))
    assert record.status is RunStatus.COMPLETED
    assert record.reason.startswith("told so; ") and "podium clean" in record.reason


def test_a_box_that_can_not_be_removed_does_not_hide_a_bug(plan, group, tools):
    class Both(ClingingSandbox, BuggySandbox):
        pass

    with pytest.raises(ZeroDivisionError):
        run(plan(), group, tools(NEVER_ENDS, sandbox=Both))
    reason = group.run(plan().run_id).read().reason
    assert "ZeroDivisionError" in reason and "podium clean" in reason


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


def test_the_door_and_the_prompts_copy_are_gone_after_the_run(plan, group, tools):
    run(plan(), group, tools(ENDS.format(reason="steps")))
    for target in ("/run/agent/door", "/opt/podium/prompts"):
        assert not tools.sandboxes[0].mounts[target].exists()


class LookingSandbox(HostSandbox):
    def start(self):
        folder = self.mounts["/opt/podium/prompts"]
        self.seen = {path.name: (path.read_text(), path.stat().st_mode & 0o777) for path in folder.iterdir()}
        self.mode = folder.stat().st_mode & 0o777
        super().start()


def test_prompts_of_ones_own_are_seen_as_they_were_when_the_command_began_by_every_user(plan, group, tools, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o700)
    (mine / "draft.md").write_text("first")
    (mine / "draft.md").chmod(0o600)
    chosen = replace(plan(), prompts=promptset.find(str(mine), tmp_path))
    (mine / "draft.md").write_text("edited since")
    _, record = run(chosen, group, tools(ENDS.format(reason="steps"), sandbox=LookingSandbox))
    assert tools.sandboxes[0].seen == {"draft.md": ("first", 0o644)}
    assert tools.sandboxes[0].mode == 0o755
    assert (record.prompt_set, record.prompt_set_sha256) == ("mine", chosen.prompts.sha256)


def test_the_record_names_the_hardware(plan, group, tools):
    folder, record = run(plan(), group, tools(CRASHES))
    assert record.host.engine == "none" and folder.read().host == record.host


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
