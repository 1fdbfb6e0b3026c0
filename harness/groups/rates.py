"""A provider's account over machines: each node's share of what the user stated, and who is told of a refusal.

The coordinator divides a stated limit among the runs that are placed: a node may take as much as its runs are of all,
and one without runs nothing. Shares change as runs come and go and are told with the next question of how it goes, so
for about a second two nodes together may take more than was stated; one that can't be asked keeps its share until its
run ends by itself. A refusal ("too many requests") of a node's call slows those of the others as if it were theirs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.gateway.pace import RateLimits

NEWS_SECONDS = 60.0  # a refusal that is older says nothing of now


class Refusal(NamedTuple):
    """What a node tells of the latest refusal that an account gave it; times are ages, since clocks are its own."""

    sent_ago: float  # when the refused call left
    pause_left: float  # 0: the provider asked for none


@dataclass(frozen=True)
class _Heard:
    node: str
    sent_at: float
    pause_until: float
    number: int


@dataclass
class Rates:
    """What the errands of one command know of accounts together. May be used from any thread."""

    stated: RateLimits = RateLimits()  # noqa: RUF009 - frozen
    clock: Callable[[], float] = time.monotonic
    _placed: dict[int, str] = field(default_factory=dict)  # a run's token: its node
    _heard: dict[str, _Heard] = field(default_factory=dict)  # by account
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def join(self, token: int, node: str) -> None:
        """A run was placed."""
        with self._lock:
            self._placed[token] = node

    def leave(self, token: int) -> None:
        """It is over, or lost."""
        with self._lock:
            self._placed.pop(token, None)

    def share(self, node: str) -> RateLimits:
        """What all runs of a node may take together."""
        with self._lock:
            placed = list(self._placed.values())
        part = placed.count(node) / max(1, len(placed))
        stated = (self.stated.requests_per_minute, self.stated.tokens_per_minute)
        requests, tokens = (value and value * part for value in stated)
        return RateLimits(requests, tokens)

    def hear(self, node: str, refusals: Mapping[str, Refusal]) -> None:
        """A node tells of its latest refusals, by account; it tells the same ones again and again."""
        now = self.clock()
        with self._lock:
            for account, refusal in refusals.items():
                sent_at = now - max(0.0, refusal.sent_ago)
                before = self._heard.get(account)
                if before is None or sent_at > before.sent_at + 1.0:  # ages are inexact by what the way takes
                    self._count += 1
                    self._heard[account] = _Heard(node, sent_at, now + max(0.0, refusal.pause_left), self._count)

    def news(self, node: str, after: int) -> tuple[dict[str, Refusal], int]:
        """What other nodes were refused that is newer than number `after`; and the number of the newest."""
        now = self.clock()
        with self._lock:
            found = {
                account: Refusal(now - one.sent_at, max(0.0, one.pause_until - now))
                for account, one in self._heard.items()
                if one.number > after and one.node != node and now - one.sent_at <= NEWS_SECONDS
            }
            return found, self._count
