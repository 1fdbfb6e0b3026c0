"""Progress is a bar on a terminal and plain lines elsewhere, and never worth a run."""

import contextlib
import os
import pty
import sys
import termios
from types import SimpleNamespace

from harness.results.layout import RunStatus
from harness.verbs.progress import Progress, bar, say, say_above_bars


def plan(name="c--aide--s0", steps=3):
    return SimpleNamespace(run_id=name, model="offline", steps=steps)


def stored(kind, **fields):
    return SimpleNamespace(event=SimpleNamespace(type=kind, **fields))


END = "\x00"


def finished(status=RunStatus.COMPLETED, reason="", reused=False):
    return SimpleNamespace(record=SimpleNamespace(status=status, reason=reason), reused=reused)


@contextlib.contextmanager
def a_terminal():
    """Standard error is a terminal inside; yields a function that returns what it was sent since the last call."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    stream = os.fdopen(theirs, "w", buffering=1)

    def sent():
        stream.write(END)  # the kernel may hand over what comes before it in pieces, and late
        stream.flush()
        found = ""
        while not found.endswith(END):
            found += os.read(ours, 1 << 20).decode()
        return found.removesuffix(END)

    with contextlib.redirect_stderr(stream):
        yield sent
    stream.close()
    os.close(ours)


def test_without_a_terminal_there_are_plain_lines_and_no_bar(capsys):
    said = []
    with Progress(said.append, show=False) as progress:
        progress.started(plan())
        progress.event(plan(), stored("node"))
        progress.event(plan(), stored("best", score=0.75))
        progress.ended(plan(), finished(reason="all 3 steps are done"))
    assert said == [
        "c--aide--s0: offline, 3 steps",
        "c--aide--s0: completed, best validation score 0.75000; all 3 steps are done",
    ]
    assert capsys.readouterr().err == ""


def test_on_a_terminal_a_bar_counts_steps_and_shows_the_best_score():
    with a_terminal() as terminal, Progress(lambda line: None) as progress:
        progress.started(plan())
        progress.event(plan(), stored("node"))
        progress.event(plan(), stored("best", score=0.75))
        progress.ended(plan(), finished())
        shown = terminal()
    assert "c--aide--s0" in shown and "1/3" in shown and "best 0.75000" in shown


def test_a_line_that_is_said_while_bars_are_there_stands_on_a_line_of_its_own():
    with a_terminal() as terminal, Progress(say, several=True) as progress:
        progress.started(plan("a"))
        progress.started(plan("b"))
        terminal()
        progress.say("podium: stopping")
        lines = terminal().replace("\r", "\n").splitlines()
        progress.ended(plan("a"), finished())
        assert "a: completed" in terminal()
    assert "podium: stopping" in [line.removeprefix("\x1b[A").strip() for line in lines]


def test_the_bar_of_a_run_that_broke_off_is_closed_and_the_kind_of_error_said():
    said = []
    with a_terminal() as terminal, Progress(said.append) as progress:
        progress.started(plan())
        progress.broken(plan(), ZeroDivisionError("ours"))
        assert terminal().endswith("\n")
    assert len(said) == 1 and "ZeroDivisionError" in said[0]


def test_a_terminal_that_is_gone_costs_no_run(monkeypatch):
    class Gone:
        def write(self, text):
            raise OSError(5, "Input/output error")

        flush = isatty = lambda self: True

    monkeypatch.setattr(sys, "stderr", Gone())
    with Progress(say, show=True) as progress:
        progress.started(plan())
        progress.event(plan(), stored("node"))
        progress.event(plan(), stored("best", score=0.75))
        progress.say("a line")
        progress.ended(plan(), finished(reason="all is well"))


def test_a_signals_handler_may_speak_while_its_own_thread_is_at_it():
    said = []
    progress = Progress(said.append, show=False)
    with progress._lock:
        progress.say("from the handler")
    assert said == ["from the handler"]


def test_a_long_loop_has_a_bar_on_a_terminal_and_is_silent_elsewhere(capsys):
    assert list(bar(range(3), "files", 3)) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    with a_terminal() as sent:
        looped = iter(bar(range(3), "files", 3))
        next(looped)
        say_above_bars("a line")
        text = sent()
        while "a line" not in text:  # what was written reaches the other side of a terminal a little later
            text += sent()
