"""The agent outside a container: `podium gateway` serves it, the real agent runs, and both end in order."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.config import Settings
from harness.gateway.journal import read_journal
from harness.runs.by_hand import installed

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Start `podium gateway` on a small bundled table; it is ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def gateway(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "harness", "gateway", "diabetes-progression", *arguments]
        with (tmp_path / "said.txt").open("w") as said:
            process = subprocess.Popen(
                [*command, "--into", str(tmp_path / "hand")],
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                env=dict(settings.environ),
            )
        started.append(process)
        return process

    yield gateway
    for process in started:
        process.kill()
        process.communicate()


def line_of(process: subprocess.Popen[str], tmp_path: Path) -> list[str]:
    """Wait for the line that starts the agent."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        said = (tmp_path / "said.txt").read_text()
        if "--workspace" in said and said.endswith("\n"):
            return shlex.split(said.splitlines()[-1])
        assert process.poll() is None, said
        time.sleep(0.05)
    raise AssertionError("no line within a minute")


def test_the_printed_line_starts_an_agent_that_runs_to_its_end(start: Start, tmp_path: Path) -> None:
    gateway = start("--steps", "1")
    line = line_of(gateway, tmp_path)
    assert line[1:4] == ["-m", "agent", "--unsafe-no-sandbox"] and "unprotected" in (tmp_path / "said.txt").read_text()
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said, _ = gateway.communicate(timeout=60)
    assert gateway.returncode == 0 and "1 nodes, best n0001; steps: all 1 steps are done" in said
    assert f"podium grade --competition diabetes-progression --submission {tmp_path}/hand/nodes/n0001" in said
    events = [stored.event.type for stored in read_journal(tmp_path / "hand" / "journal.jsonl")]
    assert events == ["start", "proposal", "node", "best", "end"]
    assert (tmp_path / "hand" / "workspace" / "submission" / "submission.csv").is_file()


def test_a_gateway_that_nobody_came_to_ends_on_ctrl_c(start: Start, tmp_path: Path) -> None:
    gateway = start()
    line_of(gateway, tmp_path)
    gateway.send_signal(signal.SIGINT)
    said, _ = gateway.communicate(timeout=60)
    assert gateway.returncode == 4 and "0 nodes, best none; stopped" in said


def test_a_folder_with_something_in_it_is_refused(start: Start, tmp_path: Path) -> None:
    (tmp_path / "hand").mkdir()
    (tmp_path / "hand" / "journal.jsonl").touch()
    gateway = start()
    assert gateway.wait(timeout=60) == 2
    assert "is not empty; name a new folder with --into" in (tmp_path / "said.txt").read_text()


def test_the_packages_are_those_that_are_there() -> None:
    import pandas

    assert installed()["pandas"] == pandas.__version__ and "nothing" not in installed()
