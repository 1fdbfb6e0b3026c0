"""Where a step's time goes."""

from __future__ import annotations

import pytest

from agent.stopwatch import Stopwatch


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_outside_phases_is_overhead(clock: Clock) -> None:
    watch = Stopwatch(clock)
    clock.now += 1
    with watch.phase("model"):
        clock.now += 5
    with watch.phase("model"):
        clock.now += 2
    clock.now += 0.5
    assert watch.lap() == {"model": 7.0, "execute": 0.0, "check": 0.0, "review": 0.0, "overhead": 1.5}


def test_laps_are_seamless(clock: Clock) -> None:
    watch = Stopwatch(clock)
    clock.now += 1
    watch.lap()
    clock.now += 3
    assert watch.lap()["overhead"] == 3.0


def test_a_phase_that_raises_is_counted(clock: Clock) -> None:
    watch = Stopwatch(clock)

    def fail() -> None:
        with watch.phase("execute"):
            clock.now += 4
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert watch.lap()["execute"] == 4.0
