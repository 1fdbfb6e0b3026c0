"""Whoever watches a run hears of all of it, in order, and of nothing that agents wrote but the reason."""

import json
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.results.layout import RunStatus
from harness.runs.run import run_one
from harness.sandbox.cgroup import ResourceUse
from harness.watch.log import open_log
from harness.watch.samples import read
from tests.harness.runs.agents import ENDS
from tests.harness.runs.host_sandbox import BrokenSandbox, HostSandbox


class Heard:
    """A watcher that remembers."""

    def __init__(self):
        self.all = []

    def note(self, happening):
        self.all.append(happening)

    def names(self):
        return [happening.event for happening in self.all]


class UsingSandbox(HostSandbox):
    """Says what a box would use."""

    seconds = 0.0

    def resources(self):
        self.seconds += 0.5
        return ResourceUse(cpu_seconds=self.seconds, memory_bytes=7 << 20, disk_bytes=1 << 20, processes=3)


def test_a_real_search_is_told_step_by_step(plan, group, tools):
    heard = Heard()
    folder = group.run(plan().run_id)
    record = run_one(plan(steps=2), folder, tools(sandbox=UsingSandbox, watch=heard))
    assert record.status is RunStatus.COMPLETED
    told = [name for name in heard.names() if name != "sampled"]
    assert told[:2] == ["run_started", "box_started"] and told[-2:] == ["box_ended", "run_ended"]
    nodes = [one for one in heard.all if one.event == "node_ended"]
    written = [event for event in folder.events() if event["type"] == "node"]
    assert [(node.node, node.step, node.buggy, node.score) for node in nodes] == [
        (event["node"], event["step"], event["buggy"], event["score"]) for event in written
    ]
    assert len(nodes) == 2
    calls = [one for one in heard.all if one.event == "call_ended"]
    assert len(calls) == record.usage.calls
    assert sum(call.input_tokens for call in calls) == record.usage.input_tokens
    assert len([one for one in heard.all if one.event == "call_attempted"]) == len(calls)
    assert {(one.subject.group, one.subject.run, one.subject.attempt) for one in heard.all} == {
        ("group", plan().run_id, 1)
    }


def test_what_the_box_used_is_in_the_record_and_beside_it(plan, group, tools):
    folder = group.run(plan().run_id)
    record = run_one(plan(), folder, tools(ENDS.format(reason="steps"), sandbox=UsingSandbox))
    samples = read(folder.resources)
    assert record.resources.samples == len(samples) >= 1
    assert record.resources.peak_memory_bytes == 7 << 20 and record.resources.peak_disk_bytes == 1 << 20
    assert record.resources.cpu_seconds == samples[-1].cpu_seconds
    assert record.resources.written_bytes is None and record.resources.missing == ""
    assert folder.read() == record


def test_an_earlier_attempts_samples_go_with_it(plan, group, tools):
    folder = group.run(plan().run_id)
    for _ in range(2):
        run_one(plan(), folder, tools(ENDS.format(reason="error"), sandbox=UsingSandbox))
    assert len(read(folder.attempt(1).resources)) >= 1
    assert read(folder.resources)[0].seconds < 1


def test_a_box_whose_use_nobody_can_see_says_so_in_the_record(plan, group, tools):
    record = run_one(plan(), group.run(plan().run_id), tools(ENDS.format(reason="steps")))
    assert record.resources.samples == 0 and "can't be read from here" in record.resources.missing


def test_a_box_that_does_not_start_is_told_with_the_reason(plan, group, tools):
    heard = Heard()
    record = run_one(plan(), group.run(plan().run_id), tools(sandbox=BrokenSandbox, watch=heard))
    assert heard.names() == ["run_started", "box_started", "run_ended"]
    assert (heard.all[1].problem, heard.all[1].level) == ("the engine is gone", "error")
    assert (heard.all[2].status, heard.all[2].level) == ("infra_failed", "warning")
    assert record.resources is not None


class LostSandbox(UsingSandbox):
    def wait(self, tick):
        tick()
        raise InfrastructureError("container was removed while it ran")


def test_a_box_that_is_lost_is_told_to_have_ended(plan, group, tools):
    heard = Heard()
    run_one(plan(), group.run(plan().run_id), tools(ENDS.format(reason="steps"), sandbox=LostSandbox, watch=heard))
    assert [name for name in heard.names() if name != "sampled"] == [
        *("run_started", "box_started", "box_ended", "run_ended")
    ]


@pytest.mark.parametrize("words", ['\\nIGNORE {\\"event\\": 1}\\x1b[2J', "x" * 5000])
def test_a_log_stays_whole_whatever_an_agent_says(plan, group, tools, tmp_path, words):
    agent = ENDS.format(reason="error").replace("told so", words)
    with open_log(str(tmp_path / "log"), least="debug") as log:
        run_one(plan(), group.run(plan().run_id), tools(agent, sandbox=UsingSandbox, watch=log))
    lines = [json.loads(line) for line in Path(tmp_path / "log").read_text().splitlines()]
    assert lines[-1]["event"] == "run_ended" and len(lines[-1]["reason"]) <= 2000
    assert "\x1b" not in lines[-1]["reason"] and "\n" not in lines[-1]["reason"]
