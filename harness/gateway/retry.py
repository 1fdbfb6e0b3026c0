"""Waiting out rate limits and outages, so that the agent never has to: its clock for that is the run's waiting time.

Only what may pass by itself is tried again. A refused key, a used-up account or a bad request goes straight back.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime

import orjson

from harness.gateway.providers.base import Provider, ProviderRequest, ProviderResponse, ProviderUnreachable

_LONGEST_ERROR = 64 * 1024
_LASTING_CODES = frozenset({"insufficient_quota", "billing_not_active", "billing_hard_limit_reached"})


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and how far apart; a provider's own `retry-after` replaces the computed delay."""

    attempts: int = 8
    first_delay_seconds: float = 1.0
    longest_delay_seconds: float = 60.0


@dataclass(frozen=True)
class Timing:
    """The clock, the sleep and the dice, so that tests need not wait."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)


@dataclass(frozen=True)
class Sent:
    """The last answer, how many attempts it took, and the seconds that went by before the last attempt began."""

    response: ProviderResponse
    attempts: int
    waiting_seconds: float


class GaveUp(Exception):
    """No attempt brought an answer."""

    def __init__(self, cause: ProviderUnreachable, attempts: int, waiting_seconds: float) -> None:
        super().__init__(str(cause))
        self.abandoned = cause.abandoned
        self.attempts = attempts
        self.waiting_seconds = waiting_seconds


@dataclass(frozen=True)
class Retrier:
    """Sends until there is an answer that would not change by itself, within attempts and the run's deadline."""

    policy: RetryPolicy
    timing: Timing

    async def send(self, provider: Provider, request: ProviderRequest, deadline: float) -> Sent:
        """Send; raise GaveUp when no attempt got an answer. `deadline` is on the monotonic clock."""
        attempts = self.policy.attempts if provider.traits.live else 1
        began, attempt = self.timing.monotonic(), 0
        while True:
            attempt += 1
            started = self.timing.monotonic()
            answer = await _attempt(provider, request, max(0.0, deadline - started))
            if isinstance(answer, ProviderResponse) and not _may_pass(answer):
                return Sent(answer, attempt, started - began)
            delay = self._delay(attempt, answer)
            now = self.timing.monotonic()
            if attempt >= attempts or now + delay >= deadline:
                return _last(answer, attempt, now - began)
            await self.timing.sleep(delay)

    def _delay(self, attempt: int, answer: ProviderResponse | ProviderUnreachable) -> float:
        if isinstance(answer, ProviderResponse):
            asked = _retry_after(answer, self.timing.now())
            if asked is not None:
                return asked + self.timing.rng.uniform(0, 0.1 * asked)  # many runs should not come back at once
        doubled = self.policy.first_delay_seconds * 2.0 ** (attempt - 1)
        return min(self.policy.longest_delay_seconds, doubled) * self.timing.rng.uniform(0.5, 1.0)


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


def _last(answer: ProviderResponse | ProviderUnreachable, attempts: int, waiting_seconds: float) -> Sent:
    if isinstance(answer, ProviderUnreachable):
        raise GaveUp(answer, attempts, waiting_seconds)
    return Sent(answer, attempts, waiting_seconds)


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
