"""What of a run's time was waiting: only while every worker waits, and never the time that a model takes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gateway.providers.fake import Fail, Hang
from harness.gateway.server import MOST_WAITING
from harness.gateway.waits import WaitClock

USER = [{"role": "user", "content": "hi"}]


def waits(clock, *intervals):
    for call, until in [(clock.call(began), until) for began, until in intervals]:
        call.attempts(until)
        clock.end(call, until + 5)


def test_with_one_worker_any_waiting_call_is_the_runs_waiting_and_none_is_counted_twice():
    clock = WaitClock(1)
    waits(clock, (0, 10), (5, 12), (20, 21))
    assert clock.seconds(100) == 13


def test_with_several_workers_the_run_waits_while_all_of_them_do():
    clock = WaitClock(2)
    first, second = clock.call(0), clock.call(4)
    first.goes_on()
    second.goes_on()
    assert clock.seconds(10) == 6

    second.attempts(12)
    assert clock.seconds(20) == 8
    clock.end(second, 30)
    clock.end(first, 30)
    assert clock.seconds(50) == 8


def test_the_time_of_the_attempt_that_is_answered_is_work_and_that_of_one_in_vain_is_not():
    clock = WaitClock(1)
    call = clock.call(0)
    assert clock.seconds(9) == 0
    call.goes_on()
    assert clock.seconds(9) == 9
    call.attempts(12)
    clock.end(call, 40)
    assert clock.seconds(50) == 12


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12), st.integers(1, 3))
def test_the_sum_is_what_counting_second_by_second_gives(spans, workers):
    clock = WaitClock(workers)
    calls = [(clock.call(began), began + length) for began, length in spans]
    for call, until in calls:
        call.attempts(until)
        clock.end(call, until)
    covered = sum(sum(began <= at < began + length for began, length in spans) >= workers for at in range(80))
    assert clock.seconds(100) == covered


def post(bench, gateway):
    body = {"model": "model-a", "messages": USER}
    return bench.http(gateway).post("/v1/chat/completions", json=body, timeout=60)


def status(bench, gateway):
    return bench.http(gateway).get("/podium/status").json()


@pytest.mark.parametrize("clock", ["wall", "working"])
def test_a_limit_on_working_time_leaves_waiting_out_and_one_on_wall_time_does_not(bench, fake, upstream, clock):
    gateway = bench.gateway(upstream(), clock=clock, deadline_seconds=100.0)
    fake.script(*[Fail(429, headers={"retry-after": "70"})] * 2)

    answer = post(bench, gateway)

    if clock == "working":
        assert answer.status_code == 200 and gateway.uncounted_seconds() >= 140
    else:
        assert answer.status_code == 429 and gateway.uncounted_seconds() == 0
    assert gateway.waited_seconds() >= 70


def test_the_agent_is_told_of_the_time_that_counts(bench, fake, upstream):
    gateway = bench.gateway(upstream(), clock="working", deadline_seconds=60.0, timing=None)
    fake.script(Fail(429, headers={"retry-after-ms": "1000"}))
    began = time.monotonic()
    post(bench, gateway)

    told = status(bench, gateway)["elapsed_seconds"]
    assert told <= time.monotonic() - began - 0.95 + 1.0 and gateway.waited_seconds() >= 1.0
    assert told < time.monotonic() - began


def test_waiting_without_end_does_not_make_a_run_endless(bench, fake, upstream):
    gateway = bench.gateway(upstream(), clock="working", deadline_seconds=30.0)
    fake.script(*[Fail(429, headers={"retry-after": "25"})] * 40)

    answer = post(bench, gateway)

    assert answer.status_code == 429 and len(fake.received) <= 6
    assert 3 * 25 <= gateway.uncounted_seconds() <= MOST_WAITING * 30


def test_a_model_that_takes_its_time_is_work(bench, fake, upstream):
    gateway = bench.gateway(upstream(), clock="working", timing=None)
    fake.script(Hang(0.3))
    post(bench, gateway)
    assert gateway.waited_seconds() == 0
