"""Waiting out rate limits and outages, so that the agent never has to: its clock for that is the run's waiting time.

Only what may pass by itself is tried again. A refused key, a used-up account or a bad request goes straight back. A
call that was one too many fails nobody: all runs of the account go slower, and it is sent again in its turn.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime

import orjson

from harness.gateway.pacing import Pace, Paces, Turn
from harness.gateway.prices import TokenUsage
from harness.gateway.providers.base import Provider, ProviderRequest, ProviderResponse, ProviderUnreachable
from harness.gateway.waits import Deadline, Wait, WaitClock

_LONGEST_ERROR = 64 * 1024
_LASTING_CODES = frozenset({"insufficient_quota", "billing_not_active", "billing_hard_limit_reached"})


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and how far apart; a provider's own `retry-after` replaces the computed delay.

    `attempts` are for a provider that never answered. One that has is given `patience_seconds` since it last answered
    anybody, and one that says it is asked too often `patience_when_busy_seconds`.
    """

    attempts: int = 8
    first_delay_seconds: float = 1.0
    longest_delay_seconds: float = 60.0
    patience_seconds: float = 900.0
    patience_when_busy_seconds: float = 3600.0


@dataclass(frozen=True)
class Timing:
    """The clock, the sleep and the dice, so that tests need not wait."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)


@dataclass(frozen=True)
class Sent:
    """The last answer, how many attempts it took, and the seconds that went by before the last attempt began.

    `turn` is what the last attempt was granted.
    """

    response: ProviderResponse
    attempts: int
    waiting_seconds: float
    turn: Turn


class GaveUp(Exception):
    """No attempt brought an answer."""

    def __init__(self, cause: ProviderUnreachable, attempts: int, waiting_seconds: float) -> None:
        super().__init__(str(cause))
        self.abandoned = cause.abandoned
        self.attempts = attempts
        self.waiting_seconds = waiting_seconds


@dataclass(frozen=True)
class Retrier:
    """Sends until there is an answer that would not change by itself, within patience and the run's deadline.

    `run` names the run among those that share a pace; `deadline` is on the monotonic clock, and may move.
    """

    policy: RetryPolicy
    timing: Timing
    deadline: Deadline
    run: str = ""
    paces: Paces = field(default_factory=Paces)
    waits: WaitClock = field(default_factory=WaitClock)

    async def send(self, provider: Provider, request: ProviderRequest, most: TokenUsage) -> Sent:
        """Send; raise GaveUp when no attempt got an answer. `most` is what was reserved for the call."""
        began = self.timing.monotonic()
        wait = self.waits.call(began)
        try:
            if not provider.traits.live:
                return await self._once(provider, request, began)
            pace = self.paces.of(provider.traits.account_of(request))
            return await self._send(provider, request, most, pace, wait)
        finally:
            self.waits.end(wait, self.timing.monotonic())

    async def _once(self, provider: Provider, request: ProviderRequest, began: float) -> Sent:
        answer = await _attempt(provider, request, max(0.0, self.deadline() - began))
        return _last(answer, 1, 0.0, Turn(began))

    async def _send(
        self, provider: Provider, request: ProviderRequest, most: TokenUsage, pace: Pace, wait: Wait
    ) -> Sent:
        now, attempt = self.timing.monotonic, 0
        trouble = _Trouble(wait.began)
        answer: ProviderResponse | ProviderUnreachable = ProviderUnreachable("the time was up before the call's turn")
        turn = Turn(wait.began)
        while True:
            wait.goes_on()
            found = await pace.turn(self.run, most, self.timing, self.deadline)
            if found is None:
                return _last(answer, attempt, now() - wait.began, turn)
            turn, attempt, started = found, attempt + 1, now()
            wait.attempts(started)
            answer = await _attempt(provider, request, max(0.0, self.deadline() - started))
            if isinstance(answer, ProviderResponse) and not _may_pass(answer):
                if answer.status < 400:
                    pace.answered(now())
                return Sent(answer, attempt, started - wait.began, turn)
            wait.goes_on()
            asked = self._asked(answer)
            too_many = _is_too_many(answer)
            if too_many:
                pace.slow_down(turn, asked, now())  # its turn comes by the account's pace
            delay = asked or (0.0 if too_many else self._delay(attempt))
            trouble.note(pace.answered_at, asked, now())
            too_late = now() + delay >= self.deadline(delay)
            if too_late or trouble.outlasts(self.policy, attempt, now(), too_many=too_many):
                return _last(answer, attempt, now() - wait.began, turn)
            if not too_many:
                await self.timing.sleep(delay)

    def _asked(self, answer: ProviderResponse | ProviderUnreachable) -> float | None:
        """Seconds that the provider asks for; a little more, so that many machines don't come back at once."""
        asked = _retry_after(answer, self.timing.now()) if isinstance(answer, ProviderResponse) else None
        return None if asked is None else asked + self.timing.rng.uniform(0, 0.1 * asked)

    def _delay(self, attempt: int) -> float:
        doubled = self.policy.first_delay_seconds * 2.0 ** min(attempt - 1, 30)
        return min(self.policy.longest_delay_seconds, doubled) * self.timing.rng.uniform(0.5, 1.0)


@dataclass
class _Trouble:
    """Since when nobody got an answer, as far as a call knows; a pause that the provider asked for does not count."""

    since: float
    answered: bool = False

    def note(self, answered_at: float | None, asked: float | None, now: float) -> None:
        if answered_at is not None:
            self.answered = True
            self.since = max(self.since, answered_at)
        if asked is not None:
            self.since = max(self.since, now + asked)

    def outlasts(self, policy: RetryPolicy, attempt: int, now: float, *, too_many: bool) -> bool:
        if too_many:
            return now - self.since > policy.patience_when_busy_seconds
        return now - self.since > policy.patience_seconds if self.answered else attempt >= policy.attempts


async def _attempt(
    provider: Provider, request: ProviderRequest, seconds: float
) -> ProviderResponse | ProviderUnreachable:
    try:
        async with asyncio.timeout(seconds):
            answer = await provider.send(request)
    except ProviderUnreachable as unreachable:
        return unreachable
    except TimeoutError:
        return ProviderUnreachable("the run's deadline came before the provider's answer", abandoned=True)
    if answer.status == 200 and isinstance(answer.body, bytes) and not _is_json_object(answer.body):
        return ProviderUnreachable(f"{provider.name} answered 200 with something that is not JSON")
    return _unmasked(answer)


def _unmasked(answer: ProviderResponse) -> ProviderResponse:
    """Give an answer its real status: routers before many providers send another's error with 200."""
    body = answer.body
    if answer.status != 200 or not isinstance(body, bytes) or len(body) > _LONGEST_ERROR or b'"error"' not in body:
        return answer
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return answer
    error = said.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if type(code) is not int or not 400 <= code < 600 or said.keys() & {"choices", "output", "content"}:
        return answer
    return replace(answer, status=code)


def _last(answer: ProviderResponse | ProviderUnreachable, attempts: int, waiting_seconds: float, turn: Turn) -> Sent:
    if isinstance(answer, ProviderUnreachable):
        raise GaveUp(answer, attempts, waiting_seconds)
    return Sent(answer, attempts, waiting_seconds, turn)


def _is_too_many(answer: ProviderResponse | ProviderUnreachable) -> bool:
    """Whether the account is asked too often: 429, Anthropic's 529, and a server that says when to come back."""
    if isinstance(answer, ProviderUnreachable):
        return False
    return answer.status in (429, 529) or (answer.status == 503 and "retry-after" in answer.headers)


def _may_pass(answer: ProviderResponse) -> bool:
    """Whether the same call may succeed later."""
    if answer.headers.get("x-should-retry") == "false":
        return False
    if answer.status == 429:
        return not (isinstance(answer.body, bytes) and _error_code(answer.body) in _LASTING_CODES)
    return answer.status in (408, 409) or (answer.status >= 500 and answer.status != 501)


def _retry_after(answer: ProviderResponse, now: float) -> float | None:
    """Seconds that the provider asks for, in any of the three forms in use."""
    milliseconds = _number(answer.headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = answer.headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _error_code(body: bytes) -> object:
    try:
        error = orjson.loads(body)["error"]
        return error.get("code") or error.get("type")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None


def _is_json_object(body: bytes) -> bool:
    return body.lstrip()[:1] == b"{" and body.rstrip()[-1:] == b"}"
