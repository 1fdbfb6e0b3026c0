"""The pace of an account: limits hold in any minute, refusals slow all, and turns are fair between runs."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gateway.pace import DEAD_AFTER_SECONDS, MINUTE, RECOVERED_SECONDS, PaceState, RateLimits

CALLS = st.lists(st.tuples(st.floats(0, 200), st.sampled_from("abc"), st.floats(1, 5000)), min_size=1, max_size=40)


def limited(**stated):
    state = PaceState()
    state.state_limits("me", RateLimits(**stated), 0.0)
    return state


def play(state, calls, limits=None):
    """Have calls come at their times and ask as often as they are told to; (when, run, tokens) of every turn."""
    waiting = [[at, f"call-{number}", run, tokens] for number, (at, run, tokens) in enumerate(calls)]
    granted = []
    while waiting:
        waiting.sort(key=lambda call: call[0])
        call = waiting[0]
        now, id, run, tokens = call
        if limits:
            state.state_limits("me", limits, now)
        nap = state.ask(id, run, tokens, now)
        if nap == 0:
            granted.append((now, run, tokens))
            waiting.pop(0)
        else:
            call[0] = now + nap
    return granted


@settings(max_examples=30, deadline=None)
@given(CALLS, st.integers(1, 120))
def test_no_minute_holds_more_calls_than_were_allowed(calls, limit):
    limits = RateLimits(requests_per_minute=limit)
    granted = play(PaceState(), [(at / 4, run, 1.0) for at, run, _ in calls], limits)

    assert len(granted) == len(calls)
    times = [at for at, _, _ in granted]
    assert all(sum(start <= at < start + MINUTE for at in times) <= limit for start in times)


@settings(max_examples=30, deadline=None)
@given(CALLS, st.integers(2000, 100_000))
def test_no_minute_holds_more_tokens_than_were_allowed_and_one_call(calls, limit):
    granted = play(PaceState(), calls, RateLimits(tokens_per_minute=limit))

    assert len(granted) == len(calls)
    most = max(tokens for _, _, tokens in granted)
    for start, _, _ in granted:
        within = sum(tokens for at, _, tokens in granted if start <= at < start + MINUTE)
        assert within <= limit + most + 1e-6


def test_tokens_that_a_call_did_not_use_are_given_back_and_what_it_used_more_is_owed():
    state = limited(tokens_per_minute=6000)  # 100 a second
    assert state.ask("a", "run", 1000, 0.0) == 0

    state.settle(1000, 200, 0.5)
    assert state.ask("b", "run", 100, 2.0) == 0

    state.settle(100, 1100, 2.5)
    assert state.ask("c", "run", 1, 12.0) > 0 and state.ask("c", "run", 1, 13.1) == 0


def test_turns_are_fair_between_runs_not_between_calls():
    crowd = [(0.0, "many", 1.0)] * 16
    granted = play(limited(requests_per_minute=60), [*crowd, *[(0.5 + n, "one", 1.0) for n in range(8)]])

    places = [place for place, (_, run, _) in enumerate(granted) if run == "one"]
    assert len(places) == 8 and all(later - earlier <= 3 for earlier, later in pairwise(places))


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.integers(1, 20))
def test_no_run_that_waits_is_passed_over_more_than_once_by_each_other(runs, more):
    """Whoever waits sees every other run go at most twice before its own turn comes."""
    calls = [(0.0, f"run-{run}", 1.0) for run in range(runs) for _ in range(more)]
    order = [run for _, run, _ in play(limited(requests_per_minute=600), calls)]

    for run in set(order):
        places = [place for place, name in enumerate(order) if name == run]
        for earlier, later in pairwise(places):
            between = order[earlier + 1 : later]
            assert max((between.count(other) for other in set(between)), default=0) <= 2


def test_a_pause_that_the_provider_asked_one_call_for_holds_all_back():
    state = PaceState()
    assert state.ask("a", "one", 1, 0.0) == 0
    state.slow_down(0.0, 40.0, 30.0, 1.0)

    assert state.ask("b", "other", 1, 2.0) >= 39
    assert state.ask("b", "other", 1, 41.1) == 0


def test_a_burst_that_is_refused_lowers_the_pace_once_and_a_refusal_at_the_lower_pace_again():
    state = PaceState()
    for _ in range(20):
        state.slow_down(0.0, None, 240.0, 1.0)
    assert state.rate(1.0) == 120

    state.slow_down(5.0, None, 240.0, 6.0)
    assert 60 <= state.rate(6.0) < 70


def test_the_pace_grows_back_and_then_holds_nobody():
    state = PaceState()
    state.slow_down(0.0, None, 100.0, 1.0)

    rates = [state.rate(1.0 + seconds) for seconds in (0, 60, 120, 240)]
    assert rates == sorted(rates) and rates[1] > 1.7 * rates[0]
    assert state.rate(1.5 + RECOVERED_SECONDS) is None and state.idle(1.5 + RECOVERED_SECONDS)


def test_who_sends_little_is_not_slowed_as_if_that_were_too_much():
    state = PaceState()
    state.slow_down(0.0, None, 1.0, 1.0)
    assert state.ask("a", "run", 1, 4.0) == 0


def test_a_call_whose_process_died_holds_nobody_up():
    state = limited(requests_per_minute=60)
    state.ask("a", "one", 1, 0.0)
    assert state.ask("dead", "two", 1, 0.1) > 0
    assert state.ask("b", "one", 1, 0.2) > 0

    later = 0.2 + MINUTE
    state.state_limits("me", RateLimits(requests_per_minute=60), later)
    assert DEAD_AFTER_SECONDS < MINUTE and state.ask("b", "one", 1, later) == 0


def test_the_strictest_limit_that_a_living_process_stated_holds_for_all():
    state = PaceState()
    state.state_limits("loose", RateLimits(requests_per_minute=600), 0.0)
    state.state_limits("strict", RateLimits(requests_per_minute=6, tokens_per_minute=100), 0.0)
    assert state.limits(1.0) == RateLimits(6, 100)

    state.state_limits("loose", RateLimits(requests_per_minute=600), 200.0)
    assert state.limits(200.0) == RateLimits(600, None)
