"""Long commands end as a whole, and their last words are shown."""

import os
import signal
import threading
import time

import pytest

from harness.errors import InfrastructureError
from harness.setup import steps
from harness.setup.steps import one_at_a_time, run, timed

ENVIRON = {"PATH": "/usr/bin:/bin"}


def test_a_failure_shows_the_last_lines_and_the_log(tmp_path):
    log = tmp_path / "logs/x.log"
    run(["sh", "-c", "echo an earlier command"], log=log, environ=ENVIRON, timeout_seconds=10)
    with pytest.raises(InfrastructureError) as error:
        run(["sh", "-c", "seq 40; exit 7"], log=log, environ=ENVIRON, timeout_seconds=10)

    words = str(error.value)
    assert "ended with 7" in words and str(log) in words
    assert "    40\n" in words and "    25\n" not in words and "earlier" not in words


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path):
    log, alive = tmp_path / "x.log", tmp_path / "alive"
    script = f"(while :; do date +%s%N >{alive}; sleep 0.05; done) & sleep 30"
    with pytest.raises(InfrastructureError, match="did not end within"):
        run(["sh", "-c", script], log=log, environ=ENVIRON, timeout_seconds=0.5)

    last = alive.read_text()
    time.sleep(0.3)
    assert alive.read_text() == last


def test_an_interrupted_command_may_clear_up_and_is_ended_all_the_same(tmp_path):
    """mmdebstrap unmounts what it mounted, a docker client calls its build off: when they are asked to end."""
    log, ready, cleared = tmp_path / "x.log", tmp_path / "ready", tmp_path / "cleared"
    script = f"trap 'touch {cleared}; exit 1' TERM; touch {ready}; (trap '' TERM; while :; do sleep 0.05; done) & wait"

    def interrupt():
        while not ready.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", script], log=log, environ=ENVIRON, timeout_seconds=60)
    thread.join()
    assert cleared.exists()


def test_a_command_that_will_not_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "GRACE_SECONDS", 0.2)
    with pytest.raises(InfrastructureError, match="did not end within"):
        run(
            ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"],
            log=tmp_path / "x",
            environ=ENVIRON,
            timeout_seconds=0.3,
        )


def test_only_one_holds_the_lock_and_the_other_says_that_it_waits(tmp_path):
    lock, said, order = tmp_path / "lock", [], []

    def other():
        with one_at_a_time(lock, said.append, "building an image"):
            order.append("other")

    with one_at_a_time(lock, said.append, "building an image"):
        thread = threading.Thread(target=other)
        thread.start()
        while not said:
            time.sleep(0.01)
        order.append("first")
    thread.join()

    assert order == ["first", "other"]
    assert said == ["Another process is building an image; waiting for it …"]


def test_a_planted_link_is_not_followed(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"), one_at_a_time(tmp_path / "lock", print, "x"):
        pass
    assert not (tmp_path / "target").exists()


def test_what_fails_is_not_said_to_be_done():
    said = []
    with pytest.raises(RuntimeError), timed(said.append, "Building"):
        raise RuntimeError
    assert said == ["Building …"]
