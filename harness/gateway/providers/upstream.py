"""A real API: OpenAI, Anthropic, or any server that speaks their formats. The key is added here and nowhere else.

Bodies go out as the gateway rebuilt them and come back untouched. httpx2's transport is used without its client, which
saves a fifth of a call's cost; so redirects, which would carry the key to another host, are not followed, and no cookie
is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx2
import orjson

from harness.errors import UserError
from harness.gateway.prices import Prices
from harness.gateway.providers.base import ProviderRequest, ProviderResponse, ProviderUnreachable, Traits

SHORTEST_SECRET = 8  # characters
_ANTHROPIC_VERSION = "2023-06-01"
_TIMEOUTS = {
    "connect": 15.0,
    "read": 1800.0,  # a reasoning model may think for many minutes before its first byte
    "write": 60.0,
    "pool": None,
}
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=60.0)
_KEPT_HEADERS = frozenset(
    ("content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id", "x-should-retry")
)


@dataclass(frozen=True)
class Account:
    """Where calls go and how they are signed. `key` may be empty for a server that wants none."""

    name: Literal["openai", "anthropic", "compatible"]
    base_url: str
    key: str
    proxy: str | None = None

    @property
    def id(self) -> str:
        """Tells the account from others, as a file's name, without telling its key."""
        digest = hashlib.sha256(f"{self.base_url}\0{self.key}".encode()).hexdigest()
        return f"{self.name}-{digest[:16]}"

    def headers(self) -> dict[str, str]:
        """What every request carries beside the client's few headers."""
        plain = {"content-type": "application/json", "accept-encoding": "gzip", "user-agent": "podium-bench"}
        if self.name == "anthropic":
            return {**plain, "x-api-key": self.key, "anthropic-version": _ANTHROPIC_VERSION}
        return {**plain, "authorization": f"Bearer {self.key}"} if self.key else plain


def _secrets(account: Account) -> tuple[str, ...]:
    """What is blacked out wherever it turns up.

    A server of one's own often takes `EMPTY`, `none` or `x` for a key: no secret, and words of what models write.
    """
    if account.name == "compatible" and len(account.key) < SHORTEST_SECRET:
        return ()
    return (account.key,) if account.key else ()


class Upstream:
    """One account and the models of it that a run may call."""

    def __init__(self, account: Account, models: frozenset[str], prices: Prices) -> None:
        self._account = account
        self._base = _versioned(account)
        self._traits = Traits(
            live=True,
            models=models,
            prices=prices,
            secrets=_secrets(account),
            older_limit=models if account.name == "compatible" else frozenset(),
            accounts=dict.fromkeys(models, account.id),
        )
        self._headers = account.headers()
        self._transport: httpx2.AsyncHTTPTransport | None = None

    @property
    def name(self) -> str:
        return self._account.name

    @property
    def traits(self) -> Traits:
        return self._traits

    async def send(self, request: ProviderRequest) -> ProviderResponse:
        transport = self._transport or self._open()
        outgoing = httpx2.Request(
            "POST",
            self._base + request.path.removeprefix("/v1"),
            content=orjson.dumps(request.body or {}),
            headers={**self._headers, **request.headers},
            extensions={"timeout": _TIMEOUTS},
        )
        try:
            response = await transport.handle_async_request(outgoing)
            if request.stream and response.status_code < 400 and _is_event_stream(response):
                return ProviderResponse(response.status_code, _kept(response), _Chunks(response))
            return ProviderResponse(response.status_code, _kept(response), await response.aread())
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise _unreachable(self.name, error) from error

    async def aclose(self) -> None:
        if self._transport is not None:
            await self._transport.aclose()

    def _open(self) -> httpx2.AsyncHTTPTransport:
        """Made at the first call, not before: loading the certificates takes 0.3 s."""
        self._transport = httpx2.AsyncHTTPTransport(
            limits=_LIMITS, verify=self._base.startswith("https:"), proxy=self._account.proxy
        )
        return self._transport


class _Chunks:
    """A response's decoded bytes; `aclose` may come at any time, also before the first chunk."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._bytes = response.aiter_bytes()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._bytes)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise _unreachable("the provider", error) from error

    async def aclose(self) -> None:
        await self._response.aclose()


def _unreachable(name: str, error: Exception) -> ProviderUnreachable:
    kind = type(error).__name__
    return ProviderUnreachable(f"{name}: {kind}: {error}" if str(error) else f"{name}: {kind}")


def _kept(response: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}


def _is_event_stream(response: httpx2.Response) -> bool:
    return "text/event-stream" in response.headers.get("content-type", "")


def _versioned(account: Account) -> str:
    """The address up to and including its version; OpenAI's variable holds the /v1, Anthropic's does not."""
    base_url = account.base_url.rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{base_url!r} is not the address of a model API: it must start with http:// or https://.")
    if parts.username or parts.password:
        raise UserError(
            "The address of the model API holds a user name or password; the key has a variable of its own."
        )
    complete = base_url.endswith("/v1") if account.name == "anthropic" else bool(parts.path)
    return base_url if complete else f"{base_url}/v1"
