"""A run → a log that Inspect's viewer opens: the run as one sample, its nodes as spans with their model calls.

Inspect's own log format, version 2, as JSON. The sample's scores are the harness's: the test score and the medal; the
agent's validation scores stand with each node. Text of agents and models goes in as it is: the viewer shows it as text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.files import write_json
from harness.gateway.wire.normal import answer, conversation
from harness.results.layout import RunFolder, RunRecord, RunStatus, read_json

VERSION = 2
STOPS = {"length": "max_tokens", "max_tokens": "max_tokens", "tool_calls": "tool_calls", "tool_use": "tool_calls"}
STATUS = {RunStatus.RUNNING: "started", RunStatus.QUEUED: "started", RunStatus.STOPPED: "cancelled"}
JSON = dict[str, Any]


def export(folder: RunFolder, record: RunRecord, into: Path) -> Path:
    """Write the log and return its path; its name begins with the time, as Inspect's viewer wants it."""
    moment = datetime.fromisoformat(record.created_at).astimezone(UTC)
    name = f"{moment:%Y-%m-%dT%H-%M-%S}+00-00_{record.run_id}_{_id(record)}.json"
    path = into / name
    write_json(path, log(folder, record))
    return path


def log(folder: RunFolder, record: RunRecord) -> JSON:
    """The log as an object."""
    grade = read_json(folder.grade_file) or {}
    scores = _scores(grade)
    return {
        "version": VERSION,
        "status": _status(record),
        "eval": _spec(record),
        "plan": {
            "name": record.agent,
            "steps": [{"solver": record.agent, "params": record.request.search.model_dump()}],
        },
        "results": _results(record, scores),
        "stats": {
            "started_at": record.started_at or record.created_at,
            "completed_at": record.ended_at or "",
            "model_usage": {record.model: _usage(record)},
        },
        "samples": [_sample(folder, record, grade, scores)],
    } | ({} if record.status.is_outcome else {"error": _error(record.reason or str(record.status))})


def _step(record: RunRecord) -> JSON:
    return {"solver": record.agent, "params": record.request.search.model_dump()}


def _status(record: RunRecord) -> str:
    return "success" if record.status.is_outcome else STATUS.get(record.status, "error")


def _spec(record: RunRecord) -> JSON:
    code = record.code
    return {
        "eval_id": _id(record),
        "run_id": record.group,
        "created": record.created_at,
        "task": record.competition,
        "task_id": record.run_id,
        "task_version": 0,
        "solver": record.agent,
        "solver_args": {"prompt_set": record.prompt_set, "seed": record.seed, **record.request.search.model_dump()},
        "dataset": {
            "name": record.competition,
            "location": record.data.source,
            "samples": 1,
            "sample_ids": [record.run_id],
        },
        "sandbox": {"type": "docker"},
        "model": record.model,
        "config": {"epochs": 1, "time_limit": int(record.request.deadline_seconds)},
        "revision": {"type": "git", "origin": "", "commit": code.commit, "dirty": bool(code.dirty)}
        if code and code.commit
        else None,
        "packages": {"podium-bench": record.podium_version},
        "metadata": {
            "edition": record.data.edition,
            "data_sha256": record.data.data_sha256,
            "stand_in": record.data.stand_in,
            "image": record.image,
            "budget_usd": record.budget_usd,
            "hardware": record.host.hardware if record.host else None,
            "candidate_isolation": record.candidate_isolation,
        },
    }


def _results(record: RunRecord, scores: Mapping[str, JSON]) -> JSON:
    named = [
        {
            "name": name,
            "scorer": name,
            "scored_samples": 1,
            "params": {},
            "metrics": {"value": {"name": "value", "value": float(score["value"])}},
        }
        for name, score in scores.items()
        if isinstance(score["value"], int | float)
    ]
    done = int(record.status.is_outcome)
    return {"total_samples": 1, "completed_samples": done, "scores": named}


def _scores(grade: Mapping[str, Any]) -> dict[str, JSON]:
    """The test score and the medal; a submission that is no valid one scores nothing, and says why."""
    if not grade:
        return {}
    details = {name: grade.get(name) for name in ("percentile", "exceeds_percent", "above_median", "thresholds")}
    reason = grade.get("reason")
    score = grade.get("score")
    found: dict[str, JSON] = {"valid": {"value": int(bool(grade.get("valid"))), "explanation": reason}}
    if score is not None:
        found["test_score"] = {"value": score, "explanation": grade.get("metric"), "metadata": details}
    if grade.get("medal") is not None:
        found["medal"] = {"value": grade["medal"]}
    return found


def _sample(folder: RunFolder, record: RunRecord, grade: Mapping[str, Any], scores: Mapping[str, JSON]) -> JSON:
    calls = list(folder.lines(folder.transcript))
    nodes = [line for line in folder.lines(folder.journal) if line["event"]["type"] == "node"]
    best = _best(folder)
    story = _conversation_of(best, calls, nodes)
    return {
        "id": record.run_id,
        "epoch": 1,
        "input": f"{record.request.competition.title}: {grade.get('metric', record.request.competition.metric)}",
        "target": "",
        "messages": story,
        "output": {"model": record.model, "choices": [{"message": story[-1], "stop_reason": "stop"}] if story else []},
        "scores": scores,
        "metadata": {"seed": record.seed, "status": str(record.status), "best_node": best},
        "store": {},
        "events": list(_events(record, calls, nodes)),
        "model_usage": {record.model: _usage(record)},
        "started_at": record.started_at,
        "completed_at": record.ended_at,
        "total_time": record.wall_seconds,
        "uuid": _id(record),
    } | ({} if record.status.is_outcome else {"error": _error(record.reason or str(record.status))})


def _best(folder: RunFolder) -> str | None:
    chosen = [event["node"] for event in folder.events() if event["type"] == "best"]
    return chosen[-1] if chosen else None


def _conversation_of(best: str | None, calls: Sequence[JSON], nodes: Sequence[JSON]) -> list[JSON]:
    """The conversation that gave the best node's script, else the last one; [] where no model was called."""
    code = next((line["event"]["code"] for line in nodes if line["event"]["node"] == best), None)
    for call in reversed(calls):
        if call["request"] is not None and call["response"] is not None:
            said = answer(call["api"], call["response"])
            if code is None or code.strip()[:200] in str(said["content"]):
                return [*_asked(call), _message(said)]
    return []


def _events(record: RunRecord, calls: Sequence[JSON], nodes: Sequence[JSON]) -> Iterator[JSON]:
    """Each node as a span: the calls since the node before it, then what came of it."""
    began = datetime.fromisoformat(record.started_at or record.created_at)
    waiting = [call for call in calls if call["request"] is not None]
    for line in nodes:
        node = line["event"]
        ended = datetime.fromisoformat(line["received_at"])
        own = [call for call in waiting if _is_of(call, node["node"], ended)]
        waiting = [call for call in waiting if call not in own]
        first = datetime.fromisoformat(own[0]["started_at"]) if own else ended
        name = f"{node['node']}: {node['action']}" + (" (buggy)" if node["buggy"] else "")
        yield _event("span_begin", first, began, id=node["node"], name=name)
        for call in own:
            yield _model_event(call, began) | {"span_id": node["node"]}
        kept = {key: node.get(key) for key in ("step", "parents", "plan", "score", "why_buggy", "outcome", "analysis")}
        yield _event("info", ended, began, source="podium", data=kept) | {"span_id": node["node"]}
        yield _event("span_end", ended, began, id=node["node"])
    for call in waiting:
        yield _model_event(call, began)


def _is_of(call: JSON, node: str, ended: datetime) -> bool:
    """By its label where it has one, which workers need; else by time."""
    label = call.get("label")
    if label:
        return bool(label == node or str(label).startswith(f"{node}/"))
    return datetime.fromisoformat(call["started_at"]) <= ended


def _model_event(call: JSON, began: datetime) -> JSON:
    started = datetime.fromisoformat(call["started_at"])
    response, usage = call["response"] or {}, call["usage"] or {}
    message = _message(answer(call["api"], response))
    output: JSON = {"model": call["model"], "choices": [{"message": message, "stop_reason": _stop(response)}]}
    if usage:
        output["usage"] = {
            "input_tokens": usage.get("input", 0),
            "output_tokens": usage.get("output", 0),
            "total_tokens": usage.get("input", 0) + usage.get("output", 0),
            "input_tokens_cache_read": usage.get("cached_input"),
            "total_cost": call["cost_usd"],
        }
    return _event(
        "model",
        started,
        began,
        model=call["model"],
        input=_asked(call),
        tools=[],
        tool_choice="auto",
        config={},
        output=output,
        error=call["error"],
        completed=(started + timedelta(seconds=call["latency_seconds"])).isoformat(),
        working_time=call["latency_seconds"] - call["waiting_seconds"],
    )


def _event(kind: str, at: datetime, began: datetime, **fields: Any) -> JSON:
    working = max(0.0, (at - began).total_seconds())
    return {"event": kind, "timestamp": at.isoformat(), "working_start": working, **fields}


def _asked(call: JSON) -> list[JSON]:
    return [_message(message) for message in conversation(call["api"], call["request"]).messages]


def _message(message: Mapping[str, Any]) -> JSON:
    """A chat message in Inspect's form: its tool calls have a function and parsed arguments."""
    role = message["role"] if message["role"] in ("system", "user", "assistant", "tool") else "user"
    found: JSON = {"role": role, "content": message.get("content") or ""}
    if calls := [_tool_call(number, call) for number, call in enumerate(message.get("tool_calls") or ())]:
        found["tool_calls"] = calls
    return found


def _tool_call(number: int, call: Mapping[str, Any]) -> JSON:
    function = call.get("function") or {}
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError:
        arguments = {"text": function.get("arguments")}
    named = arguments if isinstance(arguments, dict) else {"value": arguments}
    identity = str(call.get("id") or f"call-{number}")
    return {"id": identity, "function": str(function.get("name")), "arguments": named, "type": "function"}


def _stop(response: Mapping[str, Any]) -> str:
    choices = response.get("choices") or [{}]
    reason = response.get("stop_reason") or choices[0].get("finish_reason") or "stop"
    return STOPS.get(str(reason), "stop")


def _usage(record: RunRecord) -> JSON:
    usage = record.usage
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "input_tokens_cache_read": usage.cached_input_tokens,
        "total_cost": usage.cost_usd,
    }


def _error(words: str) -> JSON:
    return {"message": words, "traceback": "", "traceback_ansi": ""}


def _id(record: RunRecord) -> str:
    """A short name that is the same for the same attempt."""
    text = f"{record.group}/{record.run_id}/{record.attempt}/{record.created_at}"
    return hashlib.sha256(text.encode()).hexdigest()[:22]
