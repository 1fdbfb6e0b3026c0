"""The pace of a provider's accounts, shared by the gateways of all runs: whoever sends a call asks here first.

`pace.py` has the rules. While nobody was refused and no limit is stated, asking costs about a microsecond.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.gateway.pace import FIRST_OUTPUT_TOKENS, MINUTE, PaceState, RateLimits
from harness.gateway.pace_store import PaceFile, PaceMemory, PaceStore

if TYPE_CHECKING:
    from harness.gateway.prices import TokenUsage
    from harness.gateway.retry import Timing
    from harness.gateway.waits import Deadline

log = logging.getLogger(__name__)
Result = TypeVar("Result")

PACE_FOLDER = "pace"  # in PODIUM_HOME: a file an account
_LOOK_EVERY_SECONDS = 0.25  # at what other processes did, while nothing holds us back
_SHORTEST_VIEW_SECONDS = 2.0  # over less than this no rate is told
_BYTES_A_TOKEN = 4


@dataclass(frozen=True)
class Turn:
    """A call's leave to go, on the monotonic clock, and how many tokens it was expected to take; 0: nobody counts."""

    sent_at: float
    expected_tokens: float = 0.0
    pace: Pace | None = None

    def settle(self, used: TokenUsage, now: float) -> None:
        """Tell what the call really used."""
        if self.pace is not None:
            self.pace.settle(self.expected_tokens, used, now)


class Pace:
    """One account's pace. May be used from any thread and event loop."""

    def __init__(
        self,
        limits: RateLimits = RateLimits(),  # noqa: B008 - frozen
        store: PaceStore | None = None,
        on_refused: Callable[[float, float | None, float], None] = lambda sent_at, asked_seconds, now: None,
    ) -> None:
        self._on_refused = on_refused
        self.answered_at: float | None = None  # when the account last gave a good answer, to anybody of this process
        self._limits = limits
        self._store = store or PaceMemory()
        self._process = str(os.getpid())
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._sent: deque[float] = deque()
        self._output_tokens = FIRST_OUTPUT_TOKENS
        self._idle = True
        self._look_at = 0.0
        self._seen: object = None

    async def turn(self, run: str, most: TokenUsage, timing: Timing, deadline: Deadline) -> Turn | None:
        """Wait for leave to send; None when the deadline would come first. `most`: what was reserved for the call."""
        now = timing.monotonic()
        if self._free(now):
            return self._sends(Turn(now, pace=self))
        expected = most.input / _BYTES_A_TOKEN + min(float(most.output), self._output_tokens)
        id, waits = f"{self._process}-{next(self._numbers)}", True
        try:
            while waits:
                nap = self._ask(id, run, expected, now)
                waits = nap > 0
                if waits:
                    if now + nap >= deadline(nap):
                        return None
                    await timing.sleep(nap)
                    now = timing.monotonic()
        finally:
            if waits:
                self._change(lambda state: state.give_up(id))
        return self._sends(Turn(now, expected, self))

    def answered(self, now: float) -> None:
        """The account gave a good answer."""
        self.answered_at = now

    def settle(self, expected: float, used: TokenUsage, now: float) -> None:
        """Tell what a call used that was expected to take so many tokens."""
        if used.output:
            self._output_tokens += 0.1 * (used.output - self._output_tokens)
        if expected and self._limits.tokens_per_minute is not None:
            self._change(lambda state: state.settle(expected, used.total, now))

    def slow_down(self, turn: Turn, asked_seconds: float | None, now: float) -> None:
        """The account refused a call as one too many: everybody goes slower."""
        self.hear_of_refusal(turn.sent_at, asked_seconds, now)
        self._on_refused(turn.sent_at, asked_seconds, now)

    def hear_of_refusal(self, sent_at: float, asked_seconds: float | None, now: float) -> None:
        """The account refused somebody's call, which left at `sent_at`: here, or on another machine."""
        rate = self._seen_rate(now)
        self._change(lambda state: state.slow_down(sent_at, asked_seconds, rate, now))
        self._idle = False

    def restate(self, limits: RateLimits, now: float) -> None:
        """Have other limits hold from now on."""
        self._limits = limits
        if limits.stated:
            self._change(lambda state: state.state_limits(self._process, limits, now))

    def _free(self, now: float) -> bool:
        """Does nothing hold anybody back, as far as a look now and then can tell?"""
        if self._limits.stated or not self._idle:
            return False
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY_SECONDS
            try:
                version = self._store.version()
                if version != self._seen:
                    self._seen = version
                    self._idle = self._store.look().idle(now)
            except OSError as error:
                self._go_alone(error)
        return self._idle

    def _ask(self, id: str, run: str, tokens: float, now: float) -> float:
        def ask(state: PaceState) -> float:
            state.state_limits(self._process, self._limits, now)
            nap = state.ask(id, run, tokens, now)
            self._idle = state.idle(now)
            return nap

        return self._change(ask)

    def _change(self, change: Callable[[PaceState], Result]) -> Result:
        try:
            with self._store.change() as state:
                return change(state)
        except OSError as error:
            self._go_alone(error)
        with self._store.change() as state:
            return change(state)

    def _go_alone(self, error: OSError) -> None:
        """A shared file that can't be used must not hold up runs."""
        log.warning("the pace of model calls is not shared with other podium commands any more: %s", error)
        self._store = PaceMemory()

    def _sends(self, turn: Turn) -> Turn:
        with self._lock:
            self._sent.append(turn.sent_at)
            while self._sent[0] < turn.sent_at - MINUTE:
                self._sent.popleft()
        return turn

    def _seen_rate(self, now: float) -> float:
        """Calls a minute that this process sent of late."""
        with self._lock:
            recent = [at for at in self._sent if at >= now - MINUTE]
        if not recent:
            return 0.0
        return len(recent) * MINUTE / min(MINUTE, max(_SHORTEST_VIEW_SECONDS, now - recent[0]))


class Paces:
    """A pace an account, made when it is first asked for. `folder`: where those of all commands meet; None: nowhere.

    `on_refused` is told of each refusal: account, when the call left, the pause that was asked for, and the time.
    """

    def __init__(
        self,
        limits: RateLimits = RateLimits(),  # noqa: B008 - frozen
        folder: Path | None = None,
        on_refused: Callable[[str, float, float | None, float], None] = lambda *refusal: None,
    ) -> None:
        self._limits = limits
        self._folder = folder
        self._on_refused = on_refused
        self._lock = threading.Lock()
        self._known: dict[str, Pace] = {}

    def of(self, account: str) -> Pace:
        """The pace of an account."""
        with self._lock:
            if account not in self._known:
                store = PaceFile(self._folder / f"{account}.json") if self._folder else None
                self._known[account] = Pace(self._limits, store, partial(self._on_refused, account))
            return self._known[account]

    def restate(self, limits: RateLimits, now: float) -> None:
        """Have other limits hold for every account from now on."""
        with self._lock:
            self._limits = limits
            known = list(self._known.values())
        for pace in known:
            pace.restate(limits, now)
