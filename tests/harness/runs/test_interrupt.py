"""Ctrl-C while runs go on is orderly first, then at once, then a KeyboardInterrupt; elsewhere it is one at once."""

import os
import signal
import subprocess
import sys
import time

import pytest

from harness.runs.interrupt import SIGNALS, orderly_interrupts, prompt_interrupts
from harness.runs.stopping import StopFlag


@pytest.fixture(autouse=True)
def unignored():
    """Start from the usual handlers: whoever runs the tests may ignore a signal (nohup does)."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number):
    os.kill(os.getpid(), number)
    time.sleep(0)  # the handler runs before the next bytecode


def test_once_is_orderly_twice_is_at_once_and_a_third_time_is_wherever_one_is():
    stop, said = StopFlag(), []
    with orderly_interrupts(stop, said.append):
        assert not stop.in_order()
        send(signal.SIGINT)
        assert stop.in_order() and not stop.at_once()
        send(signal.SIGINT)
        assert stop.at_once()
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
    assert len(said) == 2 and "again" in said[0]


def test_sigterm_is_at_once_at_the_first_time():
    stop, said = StopFlag(), []
    with orderly_interrupts(stop, said.append):
        send(signal.SIGTERM)
        assert stop.at_once()
    assert "stopping now" in said[0]


@pytest.mark.parametrize("number", SIGNALS)
def test_every_way_to_ask_for_an_end_counts(number):
    stop = StopFlag()
    with orderly_interrupts(stop, lambda line: None):
        send(number)
    assert stop.in_order()
    with pytest.raises(KeyboardInterrupt), prompt_interrupts():
        send(number)


def test_handlers_are_put_back_and_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with prompt_interrupts(), orderly_interrupts(StopFlag(), lambda line: None):
            send(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


SLOW_VERB = """
import time, harness.cli as cli
@cli.app.command()
def slow():
    print("started", flush=True)
    time.sleep(60)
cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_interrupted_says_so_and_ends_with_the_shells_code(number):
    command = [sys.executable, "-c", SLOW_VERB, "slow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.strip().splitlines() == ["podium: interrupted"]
