"""Scripts of finished nodes are run once more, in order, without a search or a model."""

from __future__ import annotations

from pathlib import Path

from agent.contract import BestEvent, CheckReply, EndEvent, NodeEvent, Rerun
from agent.rerun import Rerunning
from agent.scripted import MemoryGateway, ScriptedInterpreter
from agent.workspace import Workspace
from tests.agent.conftest import execution, make_request

FIRST = Rerun("n0003", "draft", (), (), "first")
BLEND = Rerun("n0007", "improve", ("n0006",), ("n0003", "n0004"), "blend")


def rerunning(folder: Path, *reruns: Rerun, fails: str = "", gateway: MemoryGateway | None = None) -> Rerunning:
    def outcome_of(code: str):
        if code == fails:
            return execution(None, "failed")
        made = folder / "nodes" / ("n0003" if code == "first" else "n0007") / "submission.csv"
        made.write_text(code)
        return execution(0.7, submission=made)

    workspace = Workspace(folder / "nodes", folder / "submission" / "submission.csv")
    request = make_request(rerun=reruns)
    return Rerunning(request, ScriptedInterpreter(outcome_of), gateway or MemoryGateway(), workspace)


def test_the_last_script_is_handed_in(tmp_path: Path) -> None:
    made = rerunning(tmp_path, FIRST)
    assert made.run() == EndEvent("steps", "1 scripts were run once more", "n0003")
    assert made.workspace.submission.read_text() == "first"
    node, best, end = made.gateway.events
    assert isinstance(node, NodeEvent) and (node.node, node.code, node.printed_score) == ("n0003", "first", 0.7)
    assert best == BestEvent("n0003", 0.7) and isinstance(end, EndEvent)


def test_a_blend_finds_new_predictions_of_what_it_blends(tmp_path: Path) -> None:
    made = rerunning(tmp_path, FIRST, BLEND)
    made.run()
    assert made.interpreter.inputs == [{}, {"n0003.csv": tmp_path / "nodes" / "n0003" / "submission.csv"}]
    assert made.workspace.submission.read_text() == "blend"


def test_a_script_that_fails_this_time_hands_in_nothing_and_says_why(tmp_path: Path) -> None:
    made = rerunning(tmp_path, FIRST, fails="first")
    made.run()
    assert not made.workspace.submission.exists()
    assert [event.why_buggy for event in made.gateway.events if isinstance(event, NodeEvent)] == ["outcome: failed"]


def test_a_submission_of_the_wrong_form_is_not_handed_in(tmp_path: Path) -> None:
    made = rerunning(tmp_path, FIRST, gateway=MemoryGateway(check_reply=CheckReply(valid=False, reason="row 3")))
    made.run()
    assert not made.workspace.submission.exists()
    assert [event.why_buggy for event in made.gateway.events if isinstance(event, NodeEvent)] == ["submission: row 3"]
