"""The seam between the gateway and whoever answers a model call.

A provider sends one request and returns one response, in the wire format that the request came in. It neither retries,
nor counts, nor records: the gateway does that for every provider alike.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from harness.gateway.prices import FreePrices, Prices

Api = Literal["chat", "responses", "embeddings", "models", "messages"]


@dataclass(frozen=True)
class ProviderRequest:
    """One model call after validation. `headers` are the few that may leave, never a key.

    `body` is what to send; `asked` what the client sent, before the gateway's additions. `label` says whose call it is,
    for a replay; no provider is told.
    """

    api: Api
    path: str
    body: dict[str, Any] | None
    stream: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: dict[str, Any] | None = None
    label: str | None = None


@dataclass(frozen=True)
class ProviderResponse:
    """An answer: the whole body, or the stream's bytes as they come. `aclose` of the iterator ends a stream early.

    `recorded`: it was paid for when it was recorded.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes]
    recorded: bool = False


@dataclass(frozen=True)
class Traits:
    """What the gateway has to know of a provider.

    `live`: calls cost money and fail for reasons that pass, so they are priced and retried.
    `models`: what may be asked for; empty means anything. `secrets`: strings that may never be written or sent on.
    `older_limit`: models whose servers know the output limit by its older name. `provider_of`: where there are several.
    `accounts`: by model, whose rate limits a call counts against; calls that name no such model share one account.
    """

    live: bool
    models: frozenset[str] = frozenset()
    prices: Prices = field(default_factory=FreePrices)
    secrets: tuple[str, ...] = ()
    older_limit: frozenset[str] = frozenset()
    provider_of: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)

    def account_of(self, request: ProviderRequest) -> str:
        """The account that a request counts against."""
        return self.accounts.get(str((request.body or {}).get("model")), "any")


class ProviderUnreachable(Exception):
    """No usable answer arrived: connection refused, reset or timed out. Worth another try.

    `abandoned`: it was us who stopped waiting, so the provider may well have done, and billed, the work.
    """

    def __init__(self, message: str, *, abandoned: bool = False) -> None:
        super().__init__(message)
        self.abandoned = abandoned


class Provider(Protocol):
    """Answers model calls. Used from one event loop; `aclose` frees what it holds."""

    @property
    def name(self) -> str:
        """What the transcript calls it."""

    @property
    def traits(self) -> Traits:
        """What the gateway has to know of it."""

    async def send(self, request: ProviderRequest) -> ProviderResponse:
        """Answer, in the shape of `request.api`; raise ProviderUnreachable when there is none."""

    async def aclose(self) -> None:
        """Close connections; the provider is not used again."""
