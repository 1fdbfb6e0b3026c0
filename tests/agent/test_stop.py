"""A stop interrupts waiting, and only waiting."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from agent.ends import StopRequested
from agent.stop import StopSwitch


@pytest.fixture
def installed() -> Iterator[StopSwitch]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    switch = StopSwitch()
    switch.install()
    yield switch
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_interrupts_waiting_at_once(installed: StopSwitch, number: signal.Signals) -> None:
    def wait() -> None:
        with installed.waiting():
            os.kill(os.getpid(), number)
            time.sleep(30)

    started = time.monotonic()
    with pytest.raises(StopRequested):
        wait()
    assert time.monotonic() - started < 10


def test_a_signal_outside_waiting_is_kept_for_the_next_check(installed: StopSwitch) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(StopRequested):
        installed.check()


def test_waiting_is_not_begun_once_a_stop_was_asked_for() -> None:
    switch = StopSwitch()
    switch.request()
    with pytest.raises(StopRequested), switch.waiting():
        raise AssertionError("not reached")


def test_cleaning_up_after_the_interruption_is_not_interrupted_again() -> None:
    switch = StopSwitch()
    cleaned = []

    def wait() -> None:
        with switch.waiting():
            try:
                switch.request()
            finally:
                switch.request()
                cleaned.append(True)

    with pytest.raises(StopRequested):
        wait()
    assert cleaned == [True]


def test_nothing_happens_without_a_request() -> None:
    switch = StopSwitch()
    switch.check()
    with switch.waiting():
        pass
