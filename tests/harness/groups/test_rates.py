"""A stated limit is divided among the runs that are placed, and a refusal on one machine is news to the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gateway.pace import RateLimits
from harness.groups.rates import NEWS_SECONDS, Rates, Refusal


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.sampled_from("abc")), max_size=30))
def test_shares_are_the_whole_limit_as_long_as_anything_runs(steps):
    rates, placed = Rates(RateLimits(90, 1200)), {}
    for joins, token, node in steps:
        if joins:
            placed[token] = node
            rates.join(token, node)
        else:
            placed.pop(token, None)
            rates.leave(token)
        shares = [rates.share(node) for node in set(placed.values())]
        if placed:
            assert sum(one.requests_per_minute for one in shares) == pytest.approx(90)
            assert sum(one.tokens_per_minute for one in shares) == pytest.approx(1200)


def test_a_node_has_as_much_as_its_runs_are_of_all_and_an_idle_one_nothing():
    rates = Rates(RateLimits(requests_per_minute=40))
    for token, node in enumerate("aaab"):
        rates.join(token, node)
    assert rates.share("a") == RateLimits(30, None) and rates.share("b") == RateLimits(10, None)
    rates.leave(3)
    assert rates.share("a") == RateLimits(40, None)
    assert Rates().share("a") == RateLimits()


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_refusal_is_told_to_other_nodes_once_and_not_to_the_one_that_had_it(clock):
    rates = Rates(clock=clock)
    rates.hear("a", {"openai": Refusal(2.0, 30.0)})
    clock.now += 3
    assert rates.news("a", 0)[0] == {}
    told, newest = rates.news("b", 0)
    assert told == {"openai": Refusal(5.0, 27.0)}
    assert rates.news("b", newest) == ({}, newest)

    rates.hear("a", {"openai": Refusal(5.1, 26.9)})  # the same one, told again
    assert rates.news("b", newest) == ({}, newest)
    rates.hear("a", {"openai": Refusal(0.5, 0.0), "anthropic": Refusal(1.0, 0.0)})
    assert set(rates.news("b", newest)[0]) == {"openai", "anthropic"}


def test_a_run_that_starts_soon_after_hears_of_it_and_one_that_starts_late_does_not(clock):
    rates = Rates(clock=clock)
    rates.hear("a", {"openai": Refusal(0.0, 0.0)})
    clock.now += NEWS_SECONDS - 1
    assert rates.news("b", 0)[0] == {"openai": Refusal(NEWS_SECONDS - 1, 0.0)}
    clock.now += 2
    assert rates.news("b", 0)[0] == {}
