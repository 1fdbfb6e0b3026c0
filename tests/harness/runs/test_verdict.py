"""Whose end it was is decided by box and harness; the agent's own word counts where they agree."""

import pytest

from harness.contract import EndEvent, NodeEvent
from harness.results.layout import RunStatus
from harness.runs.verdict import Heard, Known, judge
from harness.sandbox.base import Ending
from harness.untrusted import one_line


class Stored:
    def __init__(self, event):
        self.event = event


def end(reason, message="told so"):
    return EndEvent(type="end", reason=reason, message=message, best=None)


def ended(
    *events,
    exit_code=0,
    at_seconds=10.0,
    asked=False,
    no_model=False,
    other=False,
    spent=False,
    log="last words",
    **box,
):
    """Judge a run of which these events were heard, all at one time; its deadline was after 60 seconds."""
    now = [0.0]
    heard = Heard(clock=lambda: now[0])
    now[0] = at_seconds
    for event in events:
        heard.note(Stored(event))
    facts = {"oom_kills": 0, "timed_out": False, "over_disk": False, **box}
    ending = Ending(exit_code=exit_code, seconds=at_seconds, log_tail=log, **facts)
    return judge(ending, heard, Known(asked, no_model, 60.0, by_exit_code=other, over_budget=spent))


def test_an_agent_that_was_asked_to_stop_and_did_is_stopped():
    assert ended(end("stopped"), asked=True) == (RunStatus.STOPPED, "told so")


def test_an_agent_that_stops_unasked_has_failed_and_is_not_run_again_for_free():
    status, reason = ended(end("stopped"))
    assert status is RunStatus.AGENT_FAILED and "nobody asked" in reason


def test_an_agent_that_says_it_has_no_model_is_believed_when_the_provider_failed():
    assert ended(end("model_unavailable"), no_model=True) == (RunStatus.INFRA_FAILED, "told so")
    status, reason = ended(end("model_unavailable"))
    assert status is RunStatus.AGENT_FAILED and "had answered" in reason


def test_an_agent_that_the_gateway_stopped_at_its_deadline_timed_out():
    assert ended(end("stopped"), at_seconds=60.5) == (RunStatus.TIMED_OUT, "the time was up")


def test_an_agent_whose_call_was_cut_off_at_the_deadline_timed_out():
    assert ended(end("model_unavailable"), at_seconds=60.5) == (RunStatus.TIMED_OUT, "the time was up")


def test_an_agent_that_did_all_steps_before_it_heard_of_the_stop_is_complete():
    assert ended(end("steps"), asked=True).status is RunStatus.COMPLETED


def test_an_agent_that_says_what_broke_it_is_quoted():
    assert ended(end("error", "KeyError: 'x'"), exit_code=1) == (RunStatus.AGENT_FAILED, "KeyError: 'x'")


def test_a_crash_quotes_the_boxs_last_line_and_the_kernels_kills():
    status, reason = ended(exit_code=137, oom_kills=2, log="first\nKilled\n")
    assert status is RunStatus.AGENT_FAILED
    assert "137" in reason and "killed 2" in reason and reason.endswith("Killed")


def test_a_box_in_which_nothing_could_be_started_is_infrastructure():
    status, reason = ended(exit_code=70, log="supervisor: /run/agent is 0755, not 0710\n")
    assert status is RunStatus.INFRA_FAILED and "0755" in reason


def test_the_same_exit_code_after_the_agent_was_heard_of_is_the_agents():
    assert ended(end("error"), exit_code=70).status is RunStatus.AGENT_FAILED


@pytest.mark.parametrize("fact", ["timed_out", "over_disk"])
def test_what_the_harness_saw_counts_before_what_the_agent_says(fact):
    assert ended(end("steps"), **{fact: True}).status in (RunStatus.TIMED_OUT, RunStatus.AGENT_FAILED)


def test_the_first_candidate_started_before_its_node_was_reported():
    now = [0.0]
    heard = Heard(clock=lambda: now[0])
    node = NodeEvent(
        type="node", node="n0001", step=1, action="draft", parents=(), plan="", code="", outcome="ok", exit_code=0,
        output="", score=0.5, buggy=False, why_buggy=None, analysis="", reviewed_by="none", submission_valid=True,
        warm_start=True, seconds={"model": 3.0, "execute": 4.0, "check": 1.0, "review": 2.0}, tokens={},
    )  # fmt: skip
    now[0] = 12.0
    heard.note(Stored(node))
    assert heard.first_candidate_seconds == 5.0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("all is well", "all is well"),
        ("\x1b[2J\x1b[31mred\x07", "[2J [31mred"),
        ("two\r\nlines\tand more", "two lines and more"),
        ("back\u202ewards", "back wards"),
        ("x" * 600, "x" * 499 + "…"),
    ],
)
def test_text_of_the_box_can_not_drive_a_terminal(text, line):
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"exit_code": 0}, RunStatus.COMPLETED),
        ({"exit_code": 0, "no_model": True}, RunStatus.COMPLETED),
        ({"exit_code": 1}, RunStatus.AGENT_FAILED),
        ({"exit_code": 1, "spent": True}, RunStatus.BUDGET_EXHAUSTED),
        ({"exit_code": 1, "no_model": True}, RunStatus.INFRA_FAILED),
        ({"exit_code": 143, "timed_out": True}, RunStatus.TIMED_OUT),
        ({"exit_code": 143, "asked": True}, RunStatus.STOPPED),
    ],
)
def test_another_agent_is_judged_by_its_exit_code(facts, status):
    assert ended(other=True, **facts).status is status


def test_the_supervisors_exit_code_gets_no_other_agent_another_try_for_free():
    assert ended(exit_code=70).status is RunStatus.INFRA_FAILED
    assert ended(exit_code=70, other=True).status is RunStatus.AGENT_FAILED


@pytest.mark.parametrize("other", [False, True])
def test_an_end_that_somebody_made_through_the_engine_is_infrastructures(other):
    status, reason = ended(exit_code=137, killed_with=9, other=other)
    assert status is RunStatus.INFRA_FAILED and "signal 9" in reason
    assert ended(exit_code=137, other=other)[0] is RunStatus.AGENT_FAILED
