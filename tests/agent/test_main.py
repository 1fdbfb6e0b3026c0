"""`python -m agent` as a process: its arguments, its exit codes, SIGTERM and SIGKILL in the middle of a candidate."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.agent.unix_server import Answer, Asked, UnixServer

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = ROOT / "agent" / "prompts" / "aide"
GOLDEN_REQUEST = ROOT / "tests" / "contract" / "golden" / "request.json"

GOOD_SCRIPT = """\
from pathlib import Path
rows = Path("input/train.csv").read_text().splitlines()
Path("working/submission.csv").write_text("id,y\\n1,0\\n")
print("validation score:", NUMBER / 100)
"""
SLOW_SCRIPT = """\
import os, time
open("PIDFILE", "w").write(str(os.getpid()))
time.sleep(600)
"""


@dataclass
class Host:
    """What the harness would be to the agent: a gateway that answers model calls with given scripts."""

    folder: Path
    script: Callable[[int], str]
    asked_for_code: int = 0

    def __post_init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        (self.folder / "data").mkdir()
        (self.folder / "data" / "train.csv").write_text("x,y\n1,0\n2,1\n")
        (self.folder / "data" / "description.md").write_text("# Toy\n\nPredict y.")
        (self.folder / "packages.json").write_text('{"numpy": "2.0"}')

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/podium/status":
            return Answer({"spent_fraction": 0.0, "elapsed_seconds": 1.0, "deadline_seconds": 600.0, "stop": False})
        if asked.path.startswith("/podium/check"):
            return Answer({"valid": asked.body.startswith(b"id,y"), "reason": None})
        if asked.path == "/podium/events":
            self.events.append(asked.json)
            return Answer(status=204)
        return Answer(self._completion(asked.json))

    def _completion(self, request: dict[str, Any]) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": None}
        if "tools" in request:
            arguments = json.dumps({"is_bug": False, "summary": "It worked.", "metric": None})
            function = {"name": "submit_review", "arguments": arguments}
            message["tool_calls"] = [{"id": "c", "type": "function", "function": function}]
        else:
            self.asked_for_code += 1
            message["content"] = f"Plan {self.asked_for_code}.\n```python\n{self.script(self.asked_for_code)}```"
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": choices, "usage": usage}

    def request_file(self, **search: Any) -> Path:
        raw = json.loads(GOLDEN_REQUEST.read_text())
        raw["search"].update(search)
        raw |= {"review_model": raw["code_model"], "validation": "self", "rerun": []}
        raw["candidate"]["cpus"] = [0]
        path = self.folder / "request.json"
        path.write_text(json.dumps(raw))
        return path

    def start(self, *extra: str, **search: Any) -> subprocess.Popen[str]:
        arguments = [
            "--unsafe-no-sandbox", "--request", str(self.request_file(**search)), "--data", str(self.folder / "data"),
            "--socket", str(self.folder / "gateway.sock"), "--prompts", str(PROMPTS),
            "--packages", str(self.folder / "packages.json"), "--workspace", str(self.folder / "workspace"),
        ]  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "agent", *arguments, *extra],
            cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def wait_for(self, condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
        until = time.monotonic() + 60
        while not condition():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until, "nothing happened within a minute"
            time.sleep(0.02)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path, lambda number: GOOD_SCRIPT.replace("NUMBER", str(number)))
    with UnixServer(tmp_path / "gateway.sock", made.answer):
        yield made


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def test_a_run_from_request_to_submission(host: Host) -> None:
    code, errors = finish(host.start(steps=3, num_drafts=2))
    assert (code, errors) == (0, "")
    kinds = [event["type"] for event in host.events]
    assert kinds == ["start", "proposal", "node", "best", "proposal", "node", "best", "proposal", "node", "best", "end"]
    assert host.events[0]["packages"] == {"numpy": "2.0"}
    assert host.events[-1] == {"type": "end", "reason": "steps", "message": "all 3 steps are done", "best": "n0003"}
    assert (host.folder / "workspace/submission/submission.csv").read_text() == "id,y\n1,0\n"
    for name in ("solution.py", "output.txt", "submission.csv"):
        assert (host.folder / "workspace/nodes/n0002" / name).is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_in_order_and_the_candidate_with_it(host: Host, number: signal.Signals) -> None:
    pid_file = host.folder / "candidate.pid"
    host.script = lambda number: (
        (GOOD_SCRIPT if number == 1 else SLOW_SCRIPT).replace("NUMBER", "1").replace("PIDFILE", str(pid_file))
    )
    process = host.start(steps=3)
    host.wait_for(lambda: pid_file.exists() and bool(pid_file.read_text()), process)
    process.send_signal(number)
    code, errors = finish(process)
    assert (code, errors) == (0, "")
    assert host.events[-1] == {
        "type": "end", "reason": "stopped", "message": "the agent was asked to end", "best": "n0001",
    }  # fmt: skip
    assert not _alive(int(pid_file.read_text()))


def test_a_signal_during_a_model_call_is_a_stop_not_a_provider_that_is_down(host: Host) -> None:
    """The SDKs turn whatever is raised inside a call into a connection error of their own."""
    called, released = threading.Event(), threading.Event()

    def hang(number: int) -> str:
        called.set()
        released.wait(60)
        return GOOD_SCRIPT

    host.script = hang
    process = host.start(steps=3)
    try:
        host.wait_for(called.is_set, process)
        process.terminate()
        code, errors = finish(process)
    finally:
        released.set()
    assert (code, errors) == (0, "")
    assert host.events[-1]["reason"] == "stopped"


def test_an_agent_that_is_killed_has_reported_every_finished_node(host: Host) -> None:
    pid_file = host.folder / "candidate.pid"
    host.script = lambda number: (
        (GOOD_SCRIPT if number <= 2 else SLOW_SCRIPT).replace("NUMBER", str(number)).replace("PIDFILE", str(pid_file))
    )
    process = host.start(steps=5)
    host.wait_for(lambda: pid_file.exists() and bool(pid_file.read_text()), process)
    process.kill()
    try:
        finish(process)
        assert [event["node"] for event in host.events if event["type"] == "node"] == ["n0001", "n0002"]
        assert (host.folder / "workspace/submission/submission.csv").exists()
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)  # nothing isolates a candidate out here


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_outside_a_container_it_refuses_and_says_why() -> None:
    done = subprocess.run([sys.executable, "-m", "agent"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert re.search(r"scripts that a model wrote.*--unsafe-no-sandbox", done.stderr, flags=re.DOTALL)


def test_a_prompt_set_that_cannot_be_used_is_a_crash_with_its_reason(host: Host) -> None:
    (host.folder / "empty").mkdir()
    code, errors = finish(host.start("--prompts", str(host.folder / "empty"), steps=1))
    assert code == 1 and "lacks system.md" in errors
    assert [event["type"] for event in host.events] == ["end"]
    assert host.events[0]["reason"] == "error" and "lacks system.md" in host.events[0]["message"]


def test_the_agent_needs_neither_pydantic_nor_pandas_nor_the_harness_and_no_sdk_before_a_model_is_called() -> None:
    """Beside the standard library its image has jinja2 and the SDKs, and one SDK is enough for a run."""
    heavy = ["pydantic", "pandas", "numpy", "harness", "openai", "anthropic", "httpx2"]
    script = f"import sys, agent.__main__; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"
