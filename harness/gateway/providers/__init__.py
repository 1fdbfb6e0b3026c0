"""Who answers a model call: a real API, a recorded transcript, or the offline coder; chosen here by model name."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import UserError
from harness.gateway.providers.base import Provider


def provider_for(model: str, environ: Mapping[str, str], *, seed: int = 0) -> Provider:
    """The provider for a model name."""
    if model == "offline":
        from harness.gateway.providers.offline import OfflineCoder
        from harness.gateway.providers.offline_wire import OfflineProvider

        return OfflineProvider(OfflineCoder(), seed=seed)
    raise UserError(f"unknown model {model!r}")
