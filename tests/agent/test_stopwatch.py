"""Where a step's time goes."""

from __future__ import annotations

import pytest

from agent.llm.base import Message, Reply, Request
from agent.scripted import ScriptedLLM
from agent.stopwatch import Stopwatch, TimedLLM


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_outside_phases_is_overhead(clock: Clock) -> None:
    watch = Stopwatch(clock, started=clock())
    clock.now += 1
    with watch.phase("model"):
        clock.now += 5
    with watch.phase("model"):
        clock.now += 2
    clock.now += 0.5
    assert watch.seconds() == {"model": 7.0, "execute": 0.0, "check": 0.0, "review": 0.0, "overhead": 1.5}


def test_a_node_is_charged_from_when_the_last_one_was_written(clock: Clock) -> None:
    watch = Stopwatch(clock, started=clock() - 3)
    assert watch.seconds()["overhead"] == 3.0


def test_a_phase_that_raises_is_counted(clock: Clock) -> None:
    watch = Stopwatch(clock, started=clock())

    def fail() -> None:
        with watch.phase("execute"):
            clock.now += 4
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert watch.seconds()["execute"] == 4.0


def test_a_timed_models_calls_count_towards_its_phase(clock: Clock) -> None:
    def think(request: Request) -> Reply | str:
        clock.now += 2
        return "hi"

    watch = Stopwatch(clock, started=clock())
    timed = TimedLLM(ScriptedLLM(think), watch, "review")
    assert timed.complete(Request((Message("user", "hello"),), seed=0)).text == "hi"
    clock.now += 1
    assert (watch.seconds()["review"], watch.seconds()["overhead"]) == (2.0, 1.0)
