"""The golden files decide: both halves of the contract read and write exactly them."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

import hypothesis.strategies as st
import pytest
from hypothesis import given
from pydantic import BaseModel, ValidationError

from agent import contract as agent
from agent.promptset import SHIPPED, PromptSet
from harness import contract as harness
from harness.runs import promptset

GOLDEN = Path(__file__).parent / "golden"

AGENT_EVENTS: dict[str, type[Any]] = {
    "start": agent.StartEvent,
    "proposal": agent.ProposalEvent,
    "node": agent.NodeEvent,
    "best": agent.BestEvent,
    "end": agent.EndEvent,
}

PAIRS: list[tuple[type[Any], type[BaseModel]]] = [
    (agent.CompetitionBrief, harness.CompetitionBrief),
    (agent.SearchSettings, harness.SearchSettings),
    (agent.ModelSettings, harness.ModelSettings),
    (agent.CandidateLimits, harness.CandidateLimits),
    (agent.RunRequest, harness.RunRequest),
    (agent.StartEvent, harness.StartEvent),
    (agent.ProposalEvent, harness.ProposalEvent),
    (agent.Ask, harness.Ask),
    (agent.Trial, harness.Trial),
    (agent.Leakage, harness.Leakage),
    (agent.NodeEvent, harness.NodeEvent),
    (agent.BestEvent, harness.BestEvent),
    (agent.EndEvent, harness.EndEvent),
    (agent.CheckReply, harness.CheckReply),
    (agent.ScoreReply, harness.ScoreReply),
    (agent.Rerun, harness.Rerun),
    (agent.StatusReply, harness.StatusReply),
]


def lines(name: str) -> list[str]:
    return (GOLDEN / name).read_text(encoding="utf-8").splitlines()


def read_request() -> str:
    return (GOLDEN / "request.json").read_text(encoding="utf-8")


def agent_event(raw: dict[str, Any]) -> agent.Event:
    """Build the agent's own object from an event's JSON."""
    values = {name: tuple(value) if name == "parents" else value for name, value in raw.items()}
    if "asks" in raw:
        values["asks"] = tuple(agent.Ask(**ask) for ask in raw["asks"])
        values["trial"] = agent.Trial(**raw["trial"]) if raw["trial"] else None
        values["leakage"] = agent.Leakage(**raw["leakage"]) if raw["leakage"] else None
    event: agent.Event = AGENT_EVENTS[raw["type"]](**values)
    return event


def test_the_harness_writes_the_golden_request() -> None:
    request = harness.RunRequest.model_validate_json(read_request())
    assert json.loads(request.model_dump_json()) == json.loads(read_request())


def test_the_agent_reads_what_the_harness_wrote() -> None:
    written = harness.RunRequest.model_validate_json(read_request())
    read = agent.RunRequest.from_json(written.model_dump_json())
    assert json.loads(json.dumps(asdict(read))) == json.loads(read_request())
    assert read.candidate.cpus == (0, 1)


def places(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every field of a nested object, as a path."""
    if not isinstance(value, dict):
        return []
    return [place for name, inner in value.items() for place in [(*path, name), *places(inner, (*path, name))]]


def at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


@pytest.mark.parametrize(
    "path", [(), ("competition",), ("search",), ("code_model",), ("fallback_model",), ("candidate",)]
)
def test_both_refuse_an_unknown_field_of_the_request(path: tuple[str, ...]) -> None:
    raw = json.loads(read_request())
    at(raw, path)["surprise"] = 1
    with pytest.raises(ValidationError):
        harness.RunRequest.model_validate(raw)
    with pytest.raises(TypeError):
        agent.RunRequest.from_json(json.dumps(raw))


@pytest.mark.parametrize("path", places(json.loads(read_request())), ids=".".join)
def test_the_agent_never_lacks_a_field_in_silence(path: tuple[str, ...]) -> None:
    """A field with a default in the agent's half has the same default in the harness's."""
    raw = json.loads(read_request())
    del at(raw, path[:-1])[path[-1]]
    try:
        read = agent.RunRequest.from_json(json.dumps(raw))
    except (KeyError, TypeError):
        return
    completed = harness.RunRequest.model_validate(raw).model_dump(mode="json")
    assert json.loads(json.dumps(asdict(read))) == completed


def test_the_agent_refuses_another_schema_version() -> None:
    raw = {**json.loads(read_request()), "schema_version": 2}
    with pytest.raises(ValueError, match="schema version 2; this agent reads 1"):
        agent.RunRequest.from_json(json.dumps(raw))
    with pytest.raises(ValidationError):
        harness.RunRequest.model_validate(raw)


@pytest.mark.parametrize("line", lines("events.jsonl"), ids=lambda line: json.loads(line)["type"])
def test_the_agent_writes_the_golden_events(line: str) -> None:
    assert agent.event_json(agent_event(json.loads(line))) == line


@pytest.mark.parametrize("line", lines("events.jsonl"), ids=lambda line: json.loads(line)["type"])
def test_the_harness_reads_the_golden_events_whole(line: str) -> None:
    event = harness.EVENT.validate_json(line)
    assert json.loads(event.model_dump_json()) == json.loads(line)


@pytest.mark.parametrize("line", lines("refused_events.jsonl"))
def test_the_harness_refuses_what_is_no_event(line: str) -> None:
    with pytest.raises(ValidationError):
        harness.EVENT.validate_json(line)


def test_there_is_a_golden_event_of_each_kind_for_each_half() -> None:
    kinds = {json.loads(line)["type"] for line in lines("events.jsonl")}
    assert kinds == set(AGENT_EVENTS) == {get_args(kind.model_fields["type"].annotation)[0] for kind in _events()}


def _events() -> list[type[BaseModel]]:
    union = get_args(harness.Event)[0]
    return list(get_args(union))


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda one: one.__name__)
def test_both_halves_have_the_same_fields(ours: type[Any], theirs: type[BaseModel]) -> None:
    assert {field.name for field in fields(ours)} == set(theirs.model_fields)


@pytest.mark.parametrize(
    ("alias", "model", "field"),
    [
        (agent.Action, harness.NodeEvent, "action"),
        (agent.Action, harness.ProposalEvent, "action"),
        (agent.Outcome, harness.NodeEvent, "outcome"),
        (agent.EndReason, harness.EndEvent, "reason"),
        (agent.Purpose, harness.Ask, "purpose"),
        (agent.Direction, harness.CompetitionBrief, "direction"),
    ],
)
def test_both_halves_know_the_same_words(alias: Any, model: type[BaseModel], field: str) -> None:
    assert set(get_args(alias)) == set(get_args(model.model_fields[field].annotation))


def test_both_halves_mean_the_same_places() -> None:
    assert str(agent.HOME) == harness.HOME
    assert str(agent.DATA) == harness.DATA
    assert str(agent.SUBMISSION) == harness.SUBMISSION
    assert str(agent.PROMPTS) == harness.PROMPTS
    assert str(agent.REQUEST) == f"{harness.DOOR}/{harness.REQUEST_NAME}"
    assert str(agent.SOCKET) == f"{harness.DOOR}/{harness.SOCKET_NAME}"


@pytest.mark.parametrize("name", ["SCHEMA_VERSION", "EVENTS_PATH", "CHECK_PATH", "SCORE_PATH", "STATUS_PATH"])
def test_both_halves_share_their_constants(name: str) -> None:
    assert getattr(agent, name) == getattr(harness, name)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [
        ("check_reply.json", agent.CheckReply, harness.CheckReply),
        ("score_reply.json", agent.ScoreReply, harness.ScoreReply),
        ("status_reply.json", agent.StatusReply, harness.StatusReply),
    ],
)
def test_replies_mean_the_same_to_both(name: str, ours: type[Any], theirs: type[BaseModel]) -> None:
    text = (GOLDEN / name).read_text(encoding="utf-8")
    assert asdict(ours(**json.loads(text))) == theirs.model_validate_json(text).model_dump()


@pytest.mark.parametrize(
    "folder", sorted(path for path in SHIPPED.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_both_halves_name_a_prompt_set_by_the_same_hash(folder: Path) -> None:
    assert PromptSet.load(folder).sha256 == promptset.find(folder.name, SHIPPED).sha256


anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)


@given(plan=anything, code=anything, output=anything, analysis=anything, score=st.floats(allow_nan=False))
def test_the_harness_takes_any_text_that_a_model_or_a_script_produces(
    plan: str, code: str, output: str, analysis: str, score: float
) -> None:
    golden = json.loads(lines("events.jsonl")[2])
    finite = None if score in (float("inf"), float("-inf")) else score
    event = agent_event({**golden, "plan": plan, "code": code, "output": output, "analysis": analysis, "score": finite})
    read = harness.EVENT.validate_json(agent.event_json(event))
    assert isinstance(read, harness.NodeEvent) and read.score == finite


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_the_agent_writes_no_number_that_json_lacks(score: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        agent.event_json(agent.BestEvent("n0001", score))


@given(st.binary(max_size=300))
def test_the_harness_survives_any_bytes(line: bytes) -> None:
    try:
        harness.EVENT.validate_json(line)
    except ValidationError:
        return
    raise AssertionError(f"random bytes were taken for an event: {line!r}")
