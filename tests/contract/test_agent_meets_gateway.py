"""Both halves as they really meet: the agent's loop and clients on one side of a socket, the gateway on the other.

No container and no candidate: an interpreter that makes outcomes up stands for those.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from agent.agent import Agent
from agent.contract import EndEvent, RunRequest
from agent.gateway import SocketGateway
from agent.interpreter import Execution
from agent.journal import Journal
from agent.llm import llm_for
from agent.operators.base import Task
from agent.promptset import SHIPPED, PromptSet
from agent.scripted import ScriptedInterpreter
from agent.search import policy_for
from agent.workspace import Workspace
from harness.contract import CheckReply
from harness.errors import InvalidSubmission
from harness.gateway.budget import Budget
from harness.gateway.providers import provider_for
from harness.gateway.scores import Scoring, read_scores
from harness.gateway.server import Gateway

GOLDEN = Path(__file__).parent / "golden"
Api = Literal["chat", "responses", "messages"]


def request_of(api: Api, steps: int, validation: str) -> RunRequest:
    raw = json.loads((GOLDEN / "request.json").read_text())
    raw |= {"validation": validation, "rerun": []}
    raw["search"].update(steps=steps, num_drafts=2)
    raw["code_model"] = raw["review_model"] = {"name": "offline", "api": api}
    return RunRequest.from_json(json.dumps(raw))


def check(path: Path) -> CheckReply:
    if path.read_text().startswith("id,y\n"):
        return CheckReply(valid=True)
    raise InvalidSubmission("the header is not id,y")


@contextmanager
def agent_of(
    folder: Path,
    api: Api,
    steps: int,
    budget: Budget,
    submission: str = "id,y\n1,0\n",
    scoring: Scoring | None = None,
) -> Iterator[Agent]:
    """An agent whose gateway is real, and whose candidates all score, a little better each time."""
    made = folder / "made.csv"
    made.write_text(submission)
    scores = iter(range(10, 100))

    def outcome_of(code: str) -> Execution:
        output = f"validation score: 0.{next(scores)}\n"
        return Execution("ok", 0, None, 0.1, output, 0, made, None, warm_start=True)

    request = request_of(api, steps, "self" if scoring is None else "hidden-split")
    with ExitStack() as stack:
        host = stack.enter_context(
            Gateway(
                door=folder,
                run_folder=folder,
                provider=provider_for("offline", {}),
                budget=budget,
                checker=check,
                deadline_seconds=request.deadline_seconds,
                scoring=scoring,
            )
        )
        gateway = SocketGateway(host.socket)
        stack.callback(gateway.close)
        model = llm_for(request.code_model, host.socket)
        yield Agent(
            request=request,
            task=Task(request.competition, "Predict y.", "- train.csv", {"numpy": "2.0"}, 5),
            policy=policy_for(request.search),
            prompts=PromptSet.load(SHIPPED / "aide"),
            coder=model,
            reviewer=model,
            interpreters=[ScriptedInterpreter(outcome_of)],
            gateway=gateway,
            workspace=Workspace(folder / "agent" / "nodes", folder / "agent" / "submission.csv"),
            journal=Journal(request.competition.direction),
        )


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line)["event"] for line in (folder / "journal.jsonl").read_text().splitlines()]


def nodes(folder: Path) -> list[dict[str, Any]]:
    return [event for event in events(folder) if event["type"] == "node"]


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_a_run_is_recorded_whole_on_the_host_over_each_api(tmp_path: Path, api: Api) -> None:
    with agent_of(tmp_path, api, steps=3, budget=Budget()) as agent:
        ended = agent.run()
    assert ended == EndEvent("steps", "all 3 steps are done", "n0003")
    assert [node["score"] for node in nodes(tmp_path)] == [0.10, 0.11, 0.12]
    for node in nodes(tmp_path):
        assert node["plan"] and node["analysis"], "the offline coder plans and reviews"
        assert node["tokens"]["input"] > 100 and node["tokens"]["output"] > 10
        kept = tmp_path / "nodes" / node["node"]
        assert (kept / "solution.py").read_text() == node["code"]
        assert (kept / "submission.csv").read_text() == "id,y\n1,0\n"
    assert events(tmp_path)[-1]["reason"] == "steps"
    assert (tmp_path / "agent" / "submission.csv").read_text() == "id,y\n1,0\n"


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_a_spent_budget_ends_the_run_in_order_over_each_api(tmp_path: Path, api: Api) -> None:
    with agent_of(tmp_path, api, steps=9, budget=Budget(calls=4)) as agent:
        ended = agent.run()
    assert ended.reason == "budget" and ended.best == "n0002"
    assert len(nodes(tmp_path)) == 2


def test_a_review_that_the_budget_has_no_room_for_costs_no_node(tmp_path: Path) -> None:
    with agent_of(tmp_path, "chat", steps=9, budget=Budget(calls=3)) as agent:
        assert agent.run().reason == "budget"
    assert [(node["score"], node["analysis"] == "") for node in nodes(tmp_path)] == [(0.10, False), (0.11, True)]


def test_an_invalid_submission_is_told_with_its_reason(tmp_path: Path) -> None:
    with agent_of(tmp_path, "chat", steps=1, budget=Budget(), submission="key,y\n") as agent:
        assert agent.run().best is None
    (node,) = nodes(tmp_path)
    assert node["submission_valid"] is False and node["why_buggy"] == "submission: the header is not id,y"


class FixedScores(NamedTuple):
    """What a scorer says of a submission."""

    search: float
    pick: float
    told: float


def test_where_rows_are_held_back_the_gateways_score_is_the_nodes_and_the_printed_one_is_beside_it(
    tmp_path: Path,
) -> None:
    falling = iter((0.9, 0.7, 0.8))
    scoring = Scoring(lambda path: FixedScores(score := next(falling), 0.123456, score), most=3)
    with agent_of(tmp_path, "chat", steps=3, budget=Budget(), scoring=scoring) as agent:
        assert agent.run().best == "n0001"
    assert [(node["score"], node["printed_score"]) for node in nodes(tmp_path)] == [
        (0.9, 0.1),
        (0.7, 0.11),
        (0.8, 0.12),
    ]
    assert {node["reviewed_by"] for node in nodes(tmp_path)} == {"held_back"}
    assert "0.123456" not in (tmp_path / "journal.jsonl").read_text() + (tmp_path / "llm.jsonl").read_text()
    assert [line.pick for line in read_scores(tmp_path / "scores.jsonl")] == [0.123456] * 3


def test_a_node_that_gets_no_score_is_not_good_and_the_run_goes_on(tmp_path: Path) -> None:
    scoring = Scoring(lambda path: FixedScores(0.5, 0.5, 0.5), most=1)
    with agent_of(tmp_path, "chat", steps=2, budget=Budget(), scoring=scoring) as agent:
        assert agent.run() == EndEvent("steps", "all 2 steps are done", "n0001")
    assert [node["why_buggy"] for node in nodes(tmp_path)] == [None, "score: the gateway gave none"]


def test_what_a_script_prints_cannot_break_the_record(tmp_path: Path) -> None:
    hostile = 'x\x00\x1b[2J"\n{"type":"end"}\n\ufffd' + "€" * 1_000_000 + "\x01" * 1_000_000
    hostile += "\nvalidation score: 0.5\n"
    with agent_of(tmp_path, "chat", steps=1, budget=Budget()) as agent:
        loud = Execution("ok", 0, None, 0.1, hostile, 0, tmp_path / "made.csv", None, warm_start=False)
        agent.interpreters = [ScriptedInterpreter(lambda code: loud)]
        agent.__post_init__()
        assert agent.run().best == "n0001"
    assert [event["type"] for event in events(tmp_path)] == ["proposal", "node", "best", "end"]
    assert nodes(tmp_path)[0]["output"].endswith("validation score: 0.5\n")
