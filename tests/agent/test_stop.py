"""A stop is remembered, and whoever waits is told at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from agent.crew import Crew
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
def test_a_signal_is_kept_for_the_next_check(installed: StopSwitch, number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    with pytest.raises(StopRequested):
        installed.check()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_wakes_who_waits_for_workers(installed: StopSwitch, number: signal.Signals) -> None:
    crew: Crew[None] = Crew()
    installed.tell(crew.wake)
    os.kill(os.getpid(), number)
    assert crew.next(30) is None
    assert installed.requested


def test_a_request_from_code_tells_too() -> None:
    switch, told = StopSwitch(), []
    switch.tell(lambda: told.append(True))
    switch.request()
    switch.request()
    assert switch.requested and told == [True, True]


def test_nothing_happens_without_a_request() -> None:
    StopSwitch().check()
