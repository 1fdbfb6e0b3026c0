"""A run's log for Inspect: Inspect's own reader takes it, and it says what the records say."""

import json
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from harness.gateway.wire.normal import answer
from harness.results.export_inspect import export, log
from harness.results.record import RunStatus
from tests.harness import records

INSPECT = "inspect-ai==0.3.285"
READ = """
import json, sys
from inspect_ai.log import list_eval_logs, read_eval_log
(found,) = list_eval_logs(sys.argv[1])
log = read_eval_log(found)
(sample,) = log.samples
print(json.dumps({
    "status": log.status,
    "task": log.eval.task,
    "scores": {name: score.value for name, score in (sample.scores or {}).items()},
    "events": [event.event for event in sample.events],
    "last": sample.messages[-1].text if sample.messages else None,
    "tokens": log.stats.model_usage["offline"].input_tokens,
}))
"""


def node(number, **changes):
    fields = {
        "type": "node",
        "node": f"n000{number}",
        "step": number,
        "action": "draft",
        "parents": [],
        "plan": "a plan",
        "code": f"print({number})",
        "outcome": "ok",
        "score": 0.5,
        "buggy": False,
        "why_buggy": None,
        "analysis": "fine",
    }
    received_at = f"2026-01-01T00:00:{number * 10:02}+00:00"
    return {"sequence": number, "received_at": received_at, "event": fields | changes}


def call(number, said, at, **changes):
    return {
        "sequence": number,
        "started_at": f"2026-01-01T00:00:{at:02}+00:00",
        "api": "chat",
        "model": "offline",
        "request": {"model": "offline", "messages": [{"role": "user", "content": "</script><b>write it"}]},
        "response": {"choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]},
        "usage": {"input": 10, "output": 5, "cached_input": 4},
        "cost_usd": 0.25,
        "latency_seconds": 2.0,
        "waiting_seconds": 0.5,
        "error": None,
        "label": None,
    } | changes


@pytest.fixture
def run(tmp_path):
    """Two nodes with a call each, and a call that no node came of; the first node is the best."""
    folder = records.write(
        records.group_at(tmp_path / "g"), records.record("g", "a", started_at="2026-01-01T00:00:00+00:00"), None
    )
    folder.grade_file.write_text(records.grade("a", "gold").to_json())
    best = {"received_at": "2026-01-01T00:00:21+00:00", "event": {"type": "best", "node": "n0001", "score": 0.5}}
    lines = [node(1), node(2, buggy=True, score=None), best]
    folder.journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    calls = [call(1, "```python\nprint(1)\n```", 1), call(2, "print(2)", 11), call(3, "never run", 25)]
    refused = call(4, "", 26, request=None, response=None, usage=None)
    folder.transcript.write_text("".join(json.dumps(line) + "\n" for line in [*calls, refused]))
    return folder


@pytest.fixture(scope="session")
def inspect_python():
    """An environment with Inspect, made once in the user's cache: nothing of it is needed by Podium itself."""
    place = Path(platformdirs.user_cache_dir("podium")) / "tools" / INSPECT
    python = place / "bin" / "python"
    if not (place / ".whole").exists():
        uv = [str(Path(sys.executable).with_name("uv"))] if Path(sys.executable).with_name("uv").exists() else ["uv"]
        for command in (
            [*uv, "venv", "-q", "--clear", "--python", sys.executable, str(place)],
            [*uv, "pip", "install", "-q", "--python", str(python), INSPECT],
        ):
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
            except OSError as error:
                pytest.skip(f"{INSPECT} can't be installed: {error}")
            if done.returncode:
                pytest.skip(f"{INSPECT} can't be installed: {done.stderr.strip()[-300:]}")
        (place / ".whole").touch()
    return python


def read_by_inspect(python, folder):
    done = subprocess.run([python, "-c", READ, str(folder)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_inspect_reads_the_log_and_finds_scores_nodes_and_calls(run, tmp_path, inspect_python):
    export(run, run.read(), tmp_path / "logs")
    found = read_by_inspect(inspect_python, tmp_path / "logs")
    assert found == {
        "status": "success",
        "task": "a",
        "scores": {"valid": 1, "test_score": 0.65, "medal": "gold"},
        "events": ["span_begin", "model", "info", "span_end"] * 2 + ["model"],
        "last": "```python\nprint(1)\n```",
        "tokens": 0,
    }


@pytest.mark.parametrize(
    ("status", "words"),
    [(RunStatus.INFRA_FAILED, "error"), (RunStatus.STOPPED, "cancelled"), (RunStatus.RUNNING, "started")],
)
def test_inspect_reads_a_run_that_has_no_outcome(run, tmp_path, inspect_python, status, words):
    run.grade_file.unlink()
    run.transcript.unlink()
    export(run, run.read().model_copy(update={"status": status, "reason": "the engine is gone"}), tmp_path / "logs")
    found = read_by_inspect(inspect_python, tmp_path / "logs")
    assert (found["status"], found["scores"], found["last"]) == (words, {}, None)


def test_an_invalid_submission_scores_nothing_and_says_why(run):
    run.grade_file.write_text(records.grade("a", None).to_json())
    scores = log(run, run.read())["samples"][0]["scores"]
    assert scores == {"valid": {"value": 0, "explanation": "row 3: no such id"}}


def test_calls_of_several_workers_go_to_their_own_nodes(run):
    calls = [call(1, "for two", 1, label="n0002"), call(2, "for one", 2, label="n0001")]
    run.transcript.write_text("".join(json.dumps(line) + "\n" for line in calls))
    events = log(run, run.read())["samples"][0]["events"]
    models = {
        event["span_id"]: event["output"]["choices"][0]["message"]["content"] for event in events if "model" in event
    }
    assert models == {"n0001": "for one", "n0002": "for two"}


@pytest.mark.parametrize(
    ("api", "response"),
    [
        ("chat", {"choices": [{"message": {"content": "text", "tool_calls": []}}]}),
        ("responses", {"output": [{"type": "message", "content": [{"type": "output_text", "text": "text"}]}]}),
        ("messages", {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "text"}]}),
    ],
)
def test_what_a_model_said_is_read_from_every_api(api, response):
    assert answer(api, response) == {"role": "assistant", "content": "text"}


@pytest.mark.parametrize(
    ("api", "response"),
    [
        (
            "chat",
            {"choices": [{"message": {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}}]},
        ),
        ("responses", {"output": [{"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"}]}),
        ("messages", {"content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]}),
    ],
)
def test_tool_calls_are_read_from_every_api(api, response):
    (found,) = answer(api, response)["tool_calls"]
    assert found["function"] == {"name": "f", "arguments": "{}"}


def test_the_verb_writes_the_log_into_a_folder(podium, settings, tmp_path):
    group = records.group_at(settings.results / "g")
    records.write(group, records.record("g", "a"), records.grade("a", "gold"))
    path = Path(podium("export", "inspect", "g/a--aide--s0", "--into", str(tmp_path / "logs")).stdout.strip())
    assert path.parent == tmp_path / "logs" and path.name.startswith("2026-01-01T00-00-00+00-00_a--aide--s0_")
