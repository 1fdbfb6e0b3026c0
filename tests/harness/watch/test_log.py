"""Logs for machines: a line an event, whole, with what it is about; and never worth a run."""

import json
import os
import threading
from datetime import UTC, datetime

import pytest

from harness.errors import UserError
from harness.watch.events import (
    CallAttempted,
    CallEnded,
    GroupStarted,
    RunEnded,
    RunStarted,
    Said,
    Sampled,
    Subject,
    Within,
)
from harness.watch.log import JsonLog, line, open_log
from harness.watch.samples import Sample
from harness.watch.watching import WatchOptions, watching

RUN = Subject("g", "iris--aide--s0", 2)
ENDED = RunEnded(RUN, "completed", "", 12.5, 0.25)
NOON = datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC)


class Heard:
    """A watcher that remembers."""

    def __init__(self):
        self.all = []

    def note(self, happening):
        self.all.append(happening)


def lines(file):
    return [json.loads(text) for text in file.read_text().splitlines()]


def test_a_line_says_when_how_loud_what_and_of_which_run():
    assert json.loads(line(ENDED, NOON)) == {
        "time": "2026-11-27T12:00:00.123Z",
        "level": "info",
        "event": "run_ended",
        "group": "g",
        "run": "iris--aide--s0",
        "attempt": 2,
        "status": "completed",
        "reason": "",
        "wall_seconds": 12.5,
        "cost_usd": 0.25,
    }


def test_what_is_about_the_command_names_no_run():
    assert json.loads(line(GroupStarted(None, "g", 3), NOON)).keys() == {"time", "level", "event", "group", "runs"}


def test_untrusted_text_stays_within_its_line_and_is_bounded():
    said = line(RunEnded(RUN, "agent_failed", "a\nb\u2028\x1b[31m\ud800" + "x" * 9000, None, 0.0), NOON)
    assert said.count(b"\n") == 1 and said.endswith(b"\n") and b"\x1b" not in said and len(said) < 3000


@pytest.mark.parametrize(
    ("happening", "level"),
    [
        (ENDED, "info"),
        (RunEnded(RUN, "infra_failed", "the engine is gone", 1.0, 0.0), "warning"),
        (RunEnded(RUN, "harness_failed", "KeyError", 1.0, 0.0), "error"),
        (CallAttempted(RUN, "m", "rate_limited", 429, 0.1), "warning"),
        (CallAttempted(RUN, "m", "ok", 200, 0.1), "debug"),
        (Sampled(RUN, Sample(seconds=1.0)), "debug"),
    ],
)
def test_levels_tell_trouble_from_the_usual(happening, level):
    assert json.loads(line(happening, NOON))["level"] == level


def test_what_is_less_loud_than_asked_for_is_left_out(tmp_path):
    with open_log(str(tmp_path / "log"), least="warning") as log:
        log.note(ENDED)
        log.note(RunEnded(RUN, "lost", "", None, 0.0))
    assert [one["status"] for one in lines(tmp_path / "log")] == ["lost"]


def test_lines_of_several_threads_and_commands_stay_whole(tmp_path):
    """Two logs on one file, as of two commands, and several threads in each."""
    file = tmp_path / "deep" / "log"
    long = RunEnded(RUN, "completed", "x" * 1500, 1.0, 0.0)
    with open_log(str(file)) as one, open_log(str(file)) as other:
        writers = [threading.Thread(target=lambda log=log: [log.note(long) for _ in range(50)]) for log in (one, other)]
        for writer in writers * 1:
            writer.start()
        for writer in writers:
            writer.join()
    assert len(lines(file)) == 100


def test_a_log_that_cannot_be_written_any_more_is_given_up():
    reading, writing = os.pipe()
    os.close(reading)
    log = JsonLog(writing, owned=True)
    with log:
        log.note(ENDED)
        log.note(ENDED)


@pytest.mark.parametrize("target", ["/proc/nobody/log", "/"])
def test_a_log_that_cannot_be_opened_is_the_users_error(target):
    with pytest.raises(UserError, match=f"--log {target}"):
        open_log(target)


def test_without_being_asked_nothing_is_logged(capfd):
    said = []
    with watching(WatchOptions.of({}), said.append) as (watcher, say):
        watcher.note(ENDED)
        say("a line")
    assert said == ["a line"] and capfd.readouterr().err == ""


def test_a_log_on_standard_error_takes_the_place_of_lines_for_people(capfd):
    said = []
    with watching(WatchOptions(log="-"), said.append) as (watcher, say):
        say("Building the image …")
        watcher.note(ENDED)
    found = [json.loads(text) for text in capfd.readouterr().err.splitlines()]
    assert [one["event"] for one in found] == ["said", "run_ended"] and said == []
    assert found[0]["text"] == "Building the image …"


def test_the_environment_can_ask_for_a_log_and_its_level(tmp_path):
    environ = {"PODIUM_LOG": str(tmp_path / "log"), "PODIUM_LOG_LEVEL": "debug"}
    with watching(WatchOptions.of(environ), print) as (watcher, _):
        watcher.note(Sampled(RUN, Sample(seconds=1.0, cpu_seconds=2.0)))
    assert lines(tmp_path / "log")[0]["sample"] == {"schema_version": 1, "seconds": 1.0, "cpu_seconds": 2.0, "gpus": []}
    with pytest.raises(UserError, match="PODIUM_LOG_LEVEL=loud: choose one of debug"):
        WatchOptions(level="loud").least()


def test_a_second_box_of_a_run_is_told_apart_and_is_no_second_run():
    heard = Heard()
    within = Within(heard, "final")
    within.note(RunStarted(RUN, "iris", "aide", "offline", ("offline",), 0))
    within.note(CallEnded(RUN, "p", "m", "answered", 200, 1, 1.0, 0.0, 1, 1, 0, 0, None))
    within.note(ENDED)
    assert [(one.event, one.subject.run) for one in heard.all] == [("call_ended", "iris--aide--s0/final")]
    within.note(Said(None, "x"))
    assert len(heard.all) == 1
