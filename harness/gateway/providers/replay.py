"""A recorded transcript as the provider: exact, offline, and never a live call.

A request is found by its hash without what varies, by its label (which node it was for), and by how often it came
before: so several workers that ask the same at a time each get what they got. What is not in the recording is an error
that names the first difference to the nearest recorded request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

from harness.errors import UserError
from harness.gateway.fingerprint import fingerprint, steady
from harness.gateway.providers.base import ProviderRequest, ProviderResponse, ProviderUnreachable, Traits
from harness.gateway.providers.difference import Difference, first_difference
from harness.gateway.transcript import CallRecord, read_transcript
from harness.gateway.wire import WIRES
from harness.gateway.wire.base import Json
from harness.gateway.wire.sse import SseSplitter


class Recorded(NamedTuple):
    """What is kept in memory of a recorded call: its answer."""

    status: int
    content_type: str
    body: bytes
    cut: bool
    label: str | None


class ReplayProvider:
    """Answers from the records of one llm.jsonl. Used from one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unasked: dict[str, list[Recorded]] = {}
        self._recorded: Counter[str] = Counter()
        models = set()
        for record in _usable(path):
            cut = record.outcome == "cut"
            answer = Recorded(record.status, record.content_type, record.body(), cut, record.label)
            key = fingerprint(record.path, record.request or {})
            self._unasked.setdefault(key, []).append(answer)
            self._recorded[key] += 1
            models.add(record.model)
        if not models:
            raise UserError(f"{path} holds no answered model call. Name the llm.jsonl of a run that called a model.")
        self._traits = Traits(live=False, models=frozenset(models))

    @property
    def name(self) -> str:
        return "replay"

    @property
    def traits(self) -> Traits:
        return self._traits

    async def send(self, request: ProviderRequest) -> ProviderResponse:
        asked = request.asked or request.body or {}
        key = fingerprint(request.path, asked)
        record = self._next(key, request.label)
        if record is None:
            return self._miss(request, asked, self._recorded[key])
        headers = {"content-type": record.content_type}
        if request.stream and record.status < 400:
            return ProviderResponse(record.status, headers, _stream(record))
        return ProviderResponse(record.status, headers, record.body)

    async def aclose(self) -> None:
        """Nothing to close."""

    def _next(self, key: str, label: str | None) -> Recorded | None:
        """Take the next answer to a request: of those with its label if there is one, else the next at all."""
        left = self._unasked.get(key)
        if not left:
            return None
        place = next((number for number, record in enumerate(left) if record.label == label), 0)
        return left.pop(place)

    def _miss(self, request: ProviderRequest, asked: Json, recorded: int) -> ProviderResponse:
        if recorded:
            message = f"This request was recorded {recorded} times in {self._path.name}, and has been asked once more."
        else:
            message = f"This request is not in {self._path.name}. {self._nearest(request, asked)}"
        body = WIRES[request.path].error(404, "replay_miss", message)
        return ProviderResponse(404, {"content-type": "application/json"}, orjson.dumps(body))

    def _nearest(self, request: ProviderRequest, asked: Json) -> str:
        wanted = steady(asked)
        best: tuple[Difference, int] | None = None
        for record in _usable(self._path):
            found = first_difference(steady(record.request), wanted) if record.path == request.path else None
            if found is not None and (best is None or found.same > best[0].same):
                best = found, record.sequence
        if best is None:
            return f"Nothing at all was recorded of {request.path}."
        return f"The nearest is call {best[1]}; they first differ {best[0].text()}."


def _usable(path: Path) -> Iterator[CallRecord]:
    """Records that hold an answer: not what the gateway refused, nor what was ended before an answer."""
    try:
        for record in read_transcript(path):
            if record.request is not None and record.outcome != "refused" and (record.raw or record.raw_base64):
                yield record
    except FileNotFoundError as error:
        raise UserError(f"There is no transcript {path}. Name the llm.jsonl of an earlier run.") from error


async def _stream(record: Recorded) -> AsyncIterator[bytes]:
    """The recorded bytes, an event at a time; a stream that was cut breaks off at the same byte."""
    splitter = SseSplitter()
    for event in splitter.feed(record.body):
        yield event
    if rest := splitter.rest():
        yield rest
    if record.cut:
        raise ProviderUnreachable("the recorded stream broke off here")
