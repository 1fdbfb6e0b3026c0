"""What a node is told of providers' accounts while its runs go on holds at once, and is not told back."""

import os
import time

import pytest

from harness.gateway.pace import RateLimits
from harness.gateway.pace_store import PaceFile
from harness.gateway.pacing import Paces, Turn
from harness.nodes import news
from harness.nodes.child import Wishes


@pytest.fixture
def told():
    return []


@pytest.fixture
def paces(tmp_path, told):
    """Of a process on a node whose account has been asked."""
    made = Paces(RateLimits(60, None), tmp_path, news.Noted(told.append))
    made.of("openai")
    return made


def state(tmp_path, account="openai"):
    return PaceFile(tmp_path / f"{account}.json").look()


def test_another_share_holds_for_all_runs_of_the_node_at_once(paces, tmp_path):
    now = time.monotonic()
    news.heed(news.share_line(RateLimits(20, 500)), paces, now)
    assert state(tmp_path).limits(now) == RateLimits(20, 500)
    news.heed(news.share_line(RateLimits(40, 1000)), paces, now)
    assert state(tmp_path).limits(now) == RateLimits(40, 1000), "a larger share holds at once, too"
    assert paces.of("anthropic")._limits == RateLimits(40, 1000)


def test_what_another_node_was_refused_slows_this_one_and_is_no_news_of_its_own(paces, tmp_path, told):
    now = time.monotonic()
    line = news.refusals_line({"openai": (3.0, 20.0), "anthropic": (3.0, 0.0)})
    news.heed(line, paces, now)
    slowed = state(tmp_path)
    assert slowed.rate(now) is not None and slowed.paused_until == pytest.approx(now + 20)
    assert state(tmp_path, "anthropic").rate(now) is not None
    assert told == []

    # Another run of this node is told the same a second later: once is enough.
    other = Paces(RateLimits(), tmp_path)
    news.heed(news.refusals_line({"openai": (4.0, 19.0)}), other, now + 1)
    assert state(tmp_path).slowed_rate == slowed.slowed_rate
    news.heed(news.refusals_line({"openai": (0.0, 0.0)}), other, now + 10)
    assert state(tmp_path).slowed_rate < slowed.rate(now + 10), "a call at the lower pace was refused, too"


def test_a_refusal_here_is_told_with_its_age(paces, told):
    now = time.monotonic()
    paces.of("openai").slow_down(Turn(now - 2), 30.0, now)
    paces.of("anthropic").slow_down(Turn(now - 1), None, now)
    (sent_ago, pause_left) = news.as_ages(told[-1])["openai"]
    assert 2 <= sent_ago < 60 and 0 < pause_left <= 30
    assert news.as_ages(told[-1])["anthropic"][1] == 0.0


def test_news_come_between_wishes(paces, tmp_path):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as source, os.fdopen(writer, "wb", buffering=0) as says:
        wishes = Wishes(source, lambda line: news.heed(line, paces, time.monotonic()))
        wishes.running.set()
        says.write(news.share_line(RateLimits(7, None)) + b"\nstop\n")
        assert wishes.stop.wait(30) and not wishes.end.is_set()
        assert state(tmp_path).limits(time.monotonic()) == RateLimits(7, None)
        says.write(b"end\n")
        assert wishes.end.wait(30)
