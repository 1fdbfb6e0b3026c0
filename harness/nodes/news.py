"""What coordinator and node tell each other of a provider's accounts while a run goes on: shares, and refusals.

To the node one JSON object a line, on the standard input of the run's process; from it, what its keeper is told, with
times of this machine's monotonic clock, which become ages when they leave it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import orjson

from harness.gateway.pace import RateLimits

if TYPE_CHECKING:
    from harness.gateway.pacing import Paces

Refused = dict[str, tuple[float, float]]  # by account: when the refused call left, and until when the pause is


def share_line(limits: RateLimits) -> bytes:
    """Say what the runs of the node may take together from now on."""
    return orjson.dumps({"share": [limits.requests_per_minute, limits.tokens_per_minute]})


def refusals_line(refusals: Mapping[str, tuple[float, float]]) -> bytes:
    """Say what other nodes were refused, by account: how long ago the call left, and what is left of the pause."""
    return orjson.dumps({"refused": {account: list(ages) for account, ages in refusals.items()}})


def heed(line: bytes, paces: Paces, now: float) -> None:
    """Do as such a line says; it is from the coordinator, whom a node obeys."""
    told = orjson.loads(line)
    if "share" in told:
        paces.restate(RateLimits(*told["share"]), now)
    for account, (sent_ago, pause_left) in told.get("refused", {}).items():
        paces.of(account).hear_of_refusal(now - sent_ago, pause_left or None, now)


class Noted:
    """The latest refusal of each account, told as soon as there is one."""

    def __init__(self, tell: Callable[[Refused], None]) -> None:
        self._tell = tell
        self._latest: Refused = {}

    def __call__(self, account: str, sent_at: float, asked_seconds: float | None, now: float) -> None:
        """Note one; may be called from any thread."""
        self._latest = {**self._latest, account: (sent_at, now + (asked_seconds or 0.0))}
        self._tell(self._latest)


def as_ages(refused: Refused) -> Refused:
    """The same for another machine."""
    now = time.monotonic()
    return {account: (now - sent_at, max(0.0, until - now)) for account, (sent_at, until) in refused.items()}
