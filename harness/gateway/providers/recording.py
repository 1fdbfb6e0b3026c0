"""What recorded transcripts answered, to be found again by request.

A request is found by its hash without what varies, by its label (which node it was for), and by how often it came
before: so several workers that ask the same at a time each get what they got.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.errors import UserError
from harness.gateway.fingerprint import fingerprint
from harness.gateway.providers.base import ProviderRequest, ProviderResponse, ProviderUnreachable
from harness.gateway.transcript import CallRecord, read_transcript
from harness.gateway.wire.sse import SseSplitter


class Recorded(NamedTuple):
    """What is kept in memory of a recorded call: its answer."""

    status: int
    content_type: str
    body: bytes
    cut: bool
    label: str | None

    def response(self, request: ProviderRequest) -> ProviderResponse:
        """The answer as a provider gives it."""
        headers = {"content-type": self.content_type}
        streamed = request.stream and self.status < 400
        return ProviderResponse(self.status, headers, _stream(self) if streamed else self.body, recorded=True)


class Recording:
    """The answers of some llm.jsonl files; each is given once."""

    def __init__(self, paths: Sequence[Path], *, whole_only: bool = False) -> None:
        """Read them; with `whole_only` leave out errors, and answers that broke off."""
        self._unasked: dict[str, list[Recorded]] = {}
        self._recorded: Counter[str] = Counter()
        models = set()
        for record in (record for path in paths for record in usable(path)):
            cut = record.outcome == "cut"
            if whole_only and (cut or record.status >= 400):
                continue
            answer = Recorded(record.status, record.content_type, record.body(), cut, record.label)
            key = fingerprint(record.path, record.request or {})
            self._unasked.setdefault(key, []).append(answer)
            self._recorded[key] += 1
            models.add(record.model)
        self.models = frozenset(models)

    def take(self, request: ProviderRequest) -> Recorded | None:
        """Take the next answer to a request: of those with its label if there is one, else the next at all."""
        left = self._unasked.get(_key(request))
        if not left:
            return None
        place = next((number for number, record in enumerate(left) if record.label == request.label), 0)
        return left.pop(place)

    def times(self, request: ProviderRequest) -> int:
        """How often a request was recorded."""
        return self._recorded[_key(request)]


def usable(path: Path) -> Iterator[CallRecord]:
    """Records that hold an answer: not what the gateway refused, nor what was ended before an answer."""
    try:
        for record in read_transcript(path):
            if record.request is not None and record.outcome != "refused" and (record.raw or record.raw_base64):
                yield record
    except FileNotFoundError as error:
        raise UserError(f"There is no transcript {path}. Name the llm.jsonl of an earlier run.") from error


def _key(request: ProviderRequest) -> str:
    return fingerprint(request.path, request.asked or request.body or {})


async def _stream(record: Recorded) -> AsyncIterator[bytes]:
    """The recorded bytes, an event at a time; a stream that was cut breaks off at the same byte."""
    splitter = SseSplitter()
    for event in splitter.feed(record.body):
        yield event
    if rest := splitter.rest():
        yield rest
    if record.cut:
        raise ProviderUnreachable("the recorded stream broke off here")
