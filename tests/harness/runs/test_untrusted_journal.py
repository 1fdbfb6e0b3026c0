"""A journal is the agent's own account: whatever it holds, the group that it belongs to can be added up."""

import json

import pytest

from harness.gateway.journal import EventCaps, EventRefused, JournalWriter
from harness.rates.aggregate import aggregate
from harness.report import markdown
from harness.runs.run import run_one
from tests.harness.gateway.test_journal import node

REPORTS = """
import json, pathlib, sys
from agent.contract import EndEvent, StartEvent
from agent.gateway import SocketGateway
gateway = SocketGateway(pathlib.Path(sys.argv[1]) / "gateway.sock")
for line in {lines!r}:
    gateway._call("POST", "/podium/events", line.encode()).expect_success()
gateway.report(EndEvent("steps", "", None))
"""
WORST = {
    "good without a score": {"score": None, "buggy": False},
    "the longest times": {"seconds": dict.fromkeys(("model", "execute", "check", "review", "overhead"), 1e9)},
    "the largest score": {"score": 1.7976931348623157e308},
    "text of all kinds": {"plan": "\x1b[2J|\n\r\u202e", "analysis": "\0", "output": "é" * 1000, "why_buggy": "`"},
    "large counts": {"step": 10**30, "tokens": {"input": 10**30}, "exit_code": -(10**30)},
}


@pytest.fixture
def reported(plan, group, tools):
    """Run an agent that reports these nodes; return the run's folder."""

    def run(*events):
        lines = [json.dumps(event) for event in events]
        folder = group.run(plan().run_id)
        record = run_one(plan(), folder, tools(REPORTS.format(lines=lines)))
        assert record.status == "completed", record.reason
        return folder

    return run


@pytest.mark.parametrize("name", WORST)
def test_no_event_that_is_taken_keeps_a_group_from_being_added_up(reported, group, name):
    reported(node("n0001"), *(node(f"n{number:04}", **WORST[name]) for number in range(2, 6)))
    page = markdown.render(aggregate(group))
    assert "completed" in page and aggregate(group).rows[0].steps == 5


def test_a_last_line_cut_inside_a_character_is_left_out(reported, group):
    folder = reported(node("n0001"), node("n0002", output="é"))
    whole = folder.journal.read_bytes()
    folder.journal.write_bytes(whole[: whole.rindex("é".encode()) + 1])
    folder.write(folder.read().model_copy(update={"tree": None}))  # a harness that was killed did not add it up
    assert aggregate(group).rows[0].steps == 1


@pytest.mark.parametrize("seconds", [1e308, 2e9, -1.0])
def test_times_that_no_run_has_are_refused(tmp_path, seconds):
    writer = JournalWriter(tmp_path, EventCaps())
    with pytest.raises(EventRefused, match="seconds"):
        writer.append(json.dumps(node(seconds={"execute": seconds})).encode())
    writer.close()
