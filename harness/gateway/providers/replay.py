"""A recorded transcript as the provider: exact, offline, and never a live call.

What is not in the recording is an error that names the first difference to the nearest recorded request.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from harness.errors import UserError
from harness.gateway.fingerprint import steady
from harness.gateway.providers.base import ProviderRequest, ProviderResponse, Traits
from harness.gateway.providers.difference import Difference, first_difference
from harness.gateway.providers.recording import Recording, usable
from harness.gateway.wire import WIRES


class ReplayProvider:
    """Answers from the records of one llm.jsonl. Used from one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._recording = Recording([path])
        if not self._recording.models:
            raise UserError(f"{path} holds no answered model call. Name the llm.jsonl of a run that called a model.")
        self._traits = Traits(live=False, models=self._recording.models)

    @property
    def name(self) -> str:
        return "replay"

    @property
    def traits(self) -> Traits:
        return self._traits

    async def send(self, request: ProviderRequest) -> ProviderResponse:
        record = self._recording.take(request)
        return self._miss(request) if record is None else record.response(request)

    async def aclose(self) -> None:
        """Nothing to close."""

    def _miss(self, request: ProviderRequest) -> ProviderResponse:
        recorded = self._recording.times(request)
        if recorded:
            message = f"This request was recorded {recorded} times in {self._path.name}, and has been asked once more."
        else:
            message = f"This request is not in {self._path.name}. {self._nearest(request)}"
        body = WIRES[request.path].error(404, "replay_miss", message)
        return ProviderResponse(404, {"content-type": "application/json"}, orjson.dumps(body))

    def _nearest(self, request: ProviderRequest) -> str:
        wanted = steady(request.asked or request.body or {})
        best: tuple[Difference, int] | None = None
        for record in usable(self._path):
            found = first_difference(steady(record.request), wanted) if record.path == request.path else None
            if found is not None and (best is None or found.same > best[0].same):
                best = found, record.sequence
        if best is None:
            return f"Nothing at all was recorded of {request.path}."
        return f"The nearest is call {best[1]}; they first differ {best[0].text()}."
