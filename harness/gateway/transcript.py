"""llm.jsonl: every model call of a run, complete enough to replay it and to account for it, and never with a key.

One line a call, written before the client gets the answer's end.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated

from harness.errors import InvalidSpec
from harness.gateway.lines import JsonLines, read_lines
from harness.gateway.prices import TokenUsage

SCHEMA_VERSION = 1
NAME = "llm.jsonl"
_REDACTED = b"[redacted]"

Outcome = Literal["answered", "cut", "unreachable", "refused"]


@validated(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class CallRecord:
    """One model call. `request` is what the client asked, `added` what the gateway set on top of it.

    `outcome`: answered by the provider (whatever the status) · cut off before the answer's end, by either side · no
    provider could be reached · refused by the gateway itself. `raw` holds the answer's exact text (`raw_base64` where
    it is not UTF-8). `usage` is None when the provider reported none; then `cost_usd` is the reservation. `cost_usd` is
    None when the model's price is not known. `label` is the client's own word for whose call it was.
    """

    schema_version: Literal[1]
    sequence: int
    started_at: str
    provider: str
    api: Literal["chat", "responses", "embeddings", "models", "messages"]
    path: str
    model: str
    stream: bool
    request_hash: str
    request: dict[str, Any] | None
    added: dict[str, Any]
    outcome: Outcome
    status: int
    content_type: str
    response: dict[str, Any] | None
    raw: str | None
    raw_base64: str | None
    usage: TokenUsage | None
    cost_usd: float | None
    latency_seconds: float
    waiting_seconds: float
    attempts: int
    client_gone: bool = False
    error: str | None = None
    label: str | None = None

    def body(self) -> bytes:
        """The answer's exact bytes."""
        if self.raw_base64 is not None:
            return base64.b64decode(self.raw_base64)
        return (self.raw or "").encode()


_RECORD = TypeAdapter(CallRecord)


@dataclass(frozen=True)
class RawText:
    """Bytes as a JSON file can hold them: as text where they are UTF-8, else as base64."""

    text: str | None
    base64: str | None

    @classmethod
    def of(cls, body: bytes) -> RawText:
        try:
            return cls(body.decode(), None)
        except UnicodeDecodeError:
            return cls(None, base64.b64encode(body).decode())


class Transcript:
    """Writes llm.jsonl; every occurrence of a secret is blacked out, wherever it stands."""

    def __init__(self, path: Path, secrets: tuple[str, ...], most_bytes: int) -> None:
        self.path = path
        self._lines = JsonLines(path, durable=False)
        self.count = sum(1 for _ in read_lines(path))  # of an earlier attempt that this one goes on with
        self._most_bytes = most_bytes
        self._secrets = tuple(secret.encode() for secret in secrets if secret)

    def __enter__(self) -> Transcript:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()

    @property
    def full(self) -> bool:
        """Whether the run's share of the disk is used up; what is in flight then is still written."""
        return self._lines.size_bytes > self._most_bytes

    def append(self, record: CallRecord) -> None:
        self._lines.append(redact(orjson.dumps(record), self._secrets))


def redact(text: bytes, secrets: tuple[bytes, ...]) -> bytes:
    """The same bytes with every secret blacked out."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, _REDACTED)
    return text


def read_transcript(path: Path) -> Iterator[CallRecord]:
    """Read a transcript back; a torn last line is skipped, any other bad line raises InvalidSpec."""
    for number, line in read_lines(path):
        try:
            yield _RECORD.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InvalidSpec(f"{path}, line {number} is not a recorded call: {field}: {first['msg']}.") from error
