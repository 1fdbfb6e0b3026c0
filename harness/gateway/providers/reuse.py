"""Recorded answers first, a live provider for the rest: what was paid for once is not paid for again.

A request that is the same as a recorded one gets that answer, once for each time that it was recorded; everything else
goes on to the provider. So runs that reuse share their randomness with those that were recorded, as far as they ask
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.gateway.providers.base import Provider, ProviderRequest, ProviderResponse, Traits
from harness.gateway.providers.recording import Recording


class ReusingProvider:
    """Answers from transcripts where it can, and asks `live` where it can't. Used from one event loop."""

    def __init__(self, paths: Sequence[Path], live: Provider) -> None:
        self._recording = Recording(paths, whole_only=True)
        self._live = live

    @property
    def name(self) -> str:
        return self._live.name

    @property
    def traits(self) -> Traits:
        return self._live.traits

    async def send(self, request: ProviderRequest) -> ProviderResponse:
        record = self._recording.take(request)
        return await self._live.send(request) if record is None else record.response(request)

    async def aclose(self) -> None:
        await self._live.aclose()
