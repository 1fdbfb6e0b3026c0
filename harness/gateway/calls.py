"""One model call in flight, and the books that it ends in: the ledger and the transcript."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from harness.errors import InfrastructureError
from harness.gateway.budget import Ledger, Reservation
from harness.gateway.fingerprint import fingerprint
from harness.gateway.pacing import Turn
from harness.gateway.prices import TokenUsage
from harness.gateway.providers.base import Traits
from harness.gateway.served import ServedModels
from harness.gateway.transcript import CallRecord, Outcome, RawText, Transcript
from harness.gateway.trespasses import Trespasses
from harness.gateway.wire.base import Json, Wire

REPLAY = "replay"  # who answered, where the answer was recorded before


@dataclass
class Call:
    """A validated call on its way. Times are on the monotonic clock, but for `started_at`."""

    wire: Wire
    path: str
    model: str
    body: Json
    stream: bool
    began: float
    added: Json = field(default_factory=dict)
    held: Reservation | None = None
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    attempts: int = 0
    waiting_seconds: float = 0.0
    label: str | None = None
    recorded: bool = False
    turn: Turn | None = None

    @property
    def sent(self) -> Json:
        """What goes to the provider: the client's body and the gateway's additions."""
        return {**self.body, **self.added}


@dataclass(frozen=True)
class Ending:
    """How a call ended: what goes into the transcript beside the request."""

    outcome: Outcome
    status: int
    content_type: str = "application/json"
    raw: bytes = b""
    response: Json | None = None
    client_gone: bool = False
    error: str | None = None
    broken_off: bool = False  # by the provider, in the middle of a stream


class Books:
    """Settles each call once and writes its line; a transcript that can't be written is reported to `on_failure`."""

    def __init__(
        self,
        provider: str,
        traits: Traits,
        ledger: Ledger,
        transcript: Transcript,
        on_failure: Callable[[InfrastructureError], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._traits = traits
        self.ledger = ledger
        self._transcript = transcript
        self.fail = on_failure
        self.monotonic = monotonic
        self.on_call: Callable[[CallRecord], None] = lambda record: None
        self.provider_failed = False
        self.over_budget = False
        self.served = ServedModels()
        self.trespasses = Trespasses()
        self._sequence = transcript.count

    def recall(self, calls: Iterable[CallRecord]) -> None:
        """Take in what an earlier attempt of the run was served; its usage is the ledger's already."""
        for call in calls:
            if call.response and call.status < 400:
                sent = {**(call.request or {}), **call.added}
                self.served.note(call.model, self._provider_of(call.model), sent, call.response)

    @property
    def full(self) -> bool:
        """Whether the transcript has reached its limit."""
        return self._transcript.full

    def close_call(self, call: Call, ending: Ending) -> None:
        """Settle on the usage that the provider reported, else on the reservation, and record."""
        self.provider_failed = _is_providers_fault(ending)
        latency = self.monotonic() - call.began
        if ending.response and ending.status < 400:
            self.served.note(call.model, self._provider_of(call.model), call.sent, ending.response)
        usage, cost = self._settle(call, ending, max(0.0, latency - call.waiting_seconds))
        self._record(call, ending, usage, cost, latency)

    def _provider_of(self, model: str) -> str:
        return self._traits.provider_of.get(model, self._provider)

    def refuse(self, call: Call | None, wire: Wire, path: str, status: int, message: str) -> None:
        """Count and record a call that was not passed on; the request itself is left out, since it may be anything."""
        self.ledger.note_refusal()
        if self.full:
            return
        call = call or Call(wire=wire, path=path, model="", body={}, stream=False, began=self.monotonic())
        self._record(call, Ending("refused", status, error=message), None, 0.0, self.monotonic() - call.began)

    def _settle(self, call: Call, ending: Ending, seconds: float) -> tuple[TokenUsage | None, float | None]:
        assert call.held is not None
        reported = call.wire.usage(ending.response) if ending.response and ending.status < 400 else None
        self.ledger.note_waiting(call.waiting_seconds)
        if reported is not None:
            cost = 0.0 if call.recorded else self._traits.prices.cost_usd(call.model, reported)
            if call.turn is not None:
                call.turn.settle(TokenUsage() if call.recorded else reported, self.monotonic())
            self.ledger.settle(call.held, reported, cost, seconds)
            return reported, cost
        billed = ending.outcome == "cut" or (ending.outcome == "answered" and ending.status < 400)
        cost = call.held.cost_usd if billed and not call.recorded else 0.0
        self.ledger.settle(call.held, call.held.tokens if billed else TokenUsage(), cost, seconds)
        return None, cost

    def _record(self, call: Call, ending: Ending, usage: TokenUsage | None, cost: float | None, latency: float) -> None:
        self._sequence += 1
        raw = RawText.of(ending.raw)
        refused = ending.outcome == "refused"
        record = CallRecord(
            schema_version=1,
            sequence=self._sequence,
            started_at=call.started_at,
            provider=REPLAY if call.recorded else self._provider_of(call.model),
            api=call.wire.api,
            path=call.path,
            model=call.model,
            stream=call.stream,
            request_hash="" if refused else fingerprint(call.path, call.body),
            request=None if refused else call.body,
            added=call.added,
            outcome=ending.outcome,
            status=ending.status,
            content_type=ending.content_type,
            response=ending.response,
            raw=raw.text,
            raw_base64=raw.base64,
            usage=usage,
            cost_usd=cost,
            latency_seconds=latency,
            waiting_seconds=call.waiting_seconds,
            attempts=call.attempts,
            client_gone=ending.client_gone,
            error=ending.error,
            label=call.label,
        )
        try:
            self._transcript.append(record)
        except InfrastructureError as failure:
            self.fail(failure)
            raise
        self.on_call(record)


def _is_providers_fault(ending: Ending) -> bool:
    """400, 413 and 422 are about the request, which is the container's own; what we cut off ourselves is nobody's."""
    if ending.outcome == "answered":
        return ending.status >= 400 and ending.status not in (400, 413, 422)
    return ending.outcome == "unreachable" or ending.broken_off


def json_object(body: bytes) -> dict[str, Any] | None:
    """The body as a JSON object, or None."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
