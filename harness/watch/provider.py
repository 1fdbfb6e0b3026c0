"""A provider that is watched: each request to it is told, those too that are tried again. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.gateway.providers.base import Provider, ProviderRequest, ProviderResponse, ProviderUnreachable, Traits

# Told: the model, the kind of answer, its status, and the seconds to its beginning.
Tell = Callable[[str, str, int | None, float], None]
RATE_LIMITED = 429


class WatchedProvider:
    """Follows the `Provider` protocol, by asking another."""

    def __init__(self, asked: Provider, tell: Tell) -> None:
        self._asked = asked
        self._tell = tell

    @property
    def name(self) -> str:
        """As the one that is asked has it."""
        return self._asked.name

    @property
    def traits(self) -> Traits:
        """As the one that is asked has them."""
        return self._asked.traits

    async def send(self, request: ProviderRequest) -> ProviderResponse:
        """Ask, and tell what came."""
        began = time.monotonic()
        model = str((request.body or {}).get("model") or "")
        try:
            response = await self._asked.send(request)
        except ProviderUnreachable:
            self._tell(model, "unreachable", None, time.monotonic() - began)
            raise
        self._tell(model, kind_of(response.status), response.status, time.monotonic() - began)
        return response

    async def aclose(self) -> None:
        """Close the one that is asked."""
        await self._asked.aclose()


def kind_of(status: int) -> str:
    """What a status means for whoever watches."""
    if status < 400:
        return "ok"
    if status == RATE_LIMITED:
        return "rate_limited"
    return "server_error" if status >= 500 else "error"
