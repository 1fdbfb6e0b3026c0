"""The way of one model call: validate, reserve, send with patience, settle, record, answer.

Whatever is wrong is answered in the shape of the API that was called, so that the SDK in the container raises the
exception that its users know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from starlette.responses import Response

from harness.contract import LABEL_HEADER
from harness.gateway.budget import BudgetExhausted, Reservation
from harness.gateway.calls import Books, Call, Ending, json_object
from harness.gateway.prices import unpriced
from harness.gateway.providers import KINDS
from harness.gateway.providers.base import Provider, ProviderRequest, ProviderResponse
from harness.gateway.recording import StreamRecording
from harness.gateway.relay import StreamRelay
from harness.gateway.retry import GaveUp, Retrier
from harness.gateway.transcript import Outcome, redact
from harness.gateway.wire.base import BadRequest, Json, OtherModel, Wire, child
from harness.gateway.wire.estimate import most_usage

_PASSED_UP = ("anthropic-version",)
_PASSED_DOWN = ("content-type", "x-request-id", "request-id", "retry-after")
_LABEL = re.compile(r"[0-9a-z/-]{1,64}")
_FINAL = {"content-type": "application/json", "x-should-retry": "false"}
_DEEPEST = 100  # of nested JSON; a tool's schema needs some 20


@dataclass(frozen=True)
class CallLimits:
    """Bounds of model calls: one body, all bodies in flight, the transcript.

    `drain_seconds`: how long a stream is still read after its client hung up.
    """

    body_bytes: int = 32 * 1024**2
    bodies_bytes: int = 256 * 1024**2
    transcript_bytes: int = 8 * 1024**3
    drain_seconds: float = 30.0


class ModelCalls:
    """Answers the providers' endpoints. Used from one event loop."""

    def __init__(self, provider: Provider, books: Books, retrier: Retrier, folder: Path, limits: CallLimits) -> None:
        self._provider = provider
        self._books = books
        self._retrier = retrier
        self._folder = folder
        self._limits = limits
        self._secrets = tuple(secret.encode() for secret in provider.traits.secrets if secret)

    async def answer(self, wire: Wire, path: str, raw_body: bytes, headers: Mapping[str, str]) -> Response:
        """Answer one call from its body's bytes."""
        call: Call | None = None
        try:
            call = self._accept(wire, path, raw_body)
            call.label = _label(headers)
            call.held = self._reserve(call, len(raw_body))
        except BadRequest as bad:
            self._books.trespasses.note(bad.trespass, str(bad))
            return self._refuse(call, wire, path, bad.status, bad.code, str(bad))
        except RecursionError:
            return self._refuse(call, wire, path, 400, "invalid_request_error", "The body is nested too deeply.")
        except BudgetExhausted as over:
            self._books.over_budget = True
            return self._refuse(call, wire, path, 402, "budget_exhausted", str(over))
        return await self._forward(call, headers)

    def _accept(self, wire: Wire, path: str, raw_body: bytes) -> Call:
        body = _parse(raw_body)
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise BadRequest("'model' must name a model.")
        wire.check(body)
        allowed = self._provider.traits.models
        kind, _, name = model.partition("/")
        if model not in allowed and kind in KINDS and name in allowed:  # as --model has it, which clients may send
            model, body = name, {**body, "model": name}
        if allowed and model not in allowed:
            raise OtherModel(
                f"The model '{model}' is not one of this run's: {', '.join(sorted(allowed))}.",
                status=404,
                code="model_not_found",
            )
        stream = body.get("stream") is True
        return Call(wire=wire, path=path, model=model, body=body, stream=stream, began=self._books.monotonic())

    def _reserve(self, call: Call, body_bytes: int) -> Reservation:
        budget = self._books.ledger.budget
        if self._books.full:
            raise BudgetExhausted(f"The run's transcript has reached {self._limits.transcript_bytes} bytes.")
        stated = call.wire.most_output_tokens(call.body)
        output = budget.default_max_output_tokens if stated is None else stated
        call.added = call.wire.additions(call.body, output)
        if "max_completion_tokens" in call.added and call.model in self._provider.traits.older_limit:
            call.added["max_tokens"] = call.added.pop("max_completion_tokens")  # what they don't know goes unheeded
        most = most_usage(call.wire.api, body_bytes, call.body, output)
        cost = self._provider.traits.prices.cost_usd(call.model, most)
        if cost is None and budget.usd is not None:
            raise BadRequest(unpriced(call.model), code="model_without_price")
        return self._books.ledger.reserve(most, cost)

    async def _forward(self, call: Call, headers: Mapping[str, str]) -> Response:
        request = ProviderRequest(
            api=call.wire.api,
            path=call.path,
            body=call.sent,
            stream=call.stream,
            headers={name: headers[name] for name in _PASSED_UP if name in headers},
            asked=call.body,
            label=call.label,
        )
        answered = False
        try:
            assert call.held is not None
            sent = await self._retrier.send(self._provider, request, call.held.tokens)
            answered = True
        except GaveUp as gave_up:
            call.attempts, call.waiting_seconds = gave_up.attempts, gave_up.waiting_seconds
            answered = True
            return self._unreachable(call, gave_up)
        finally:
            if not answered:
                self._books.close_call(call, Ending("cut", 499, error="the gateway was stopped"))
        call.attempts, call.waiting_seconds = sent.attempts, sent.waiting_seconds
        call.recorded, call.turn = sent.response.recorded, sent.turn
        if isinstance(sent.response.body, bytes):
            return self._whole(call, sent.response, sent.response.body)
        asked_for_usage = bool(child(call.body, "stream_options").get("include_usage"))
        return StreamRelay(
            call,
            self._books,
            sent.response.body,
            StreamRecording(call.wire, self._folder, self._secrets, drop_usage=not asked_for_usage),
            headers=_passed_down(sent.response.headers),
            seconds_left=max(0.0, self._retrier.deadline() - self._books.monotonic()),
            drain_seconds=self._limits.drain_seconds,
        )

    def _whole(self, call: Call, response: ProviderResponse, body: bytes) -> Response:
        body = redact(body, self._secrets)
        headers = _passed_down(response.headers)
        kind = headers.get("content-type", "application/json")
        ending = Ending("answered", response.status, kind, raw=body, response=json_object(body))
        self._books.close_call(call, ending)
        if response.status >= 400:
            headers["x-should-retry"] = "false"  # the gateway has tried; a second layer of retries would only wait
        return Response(body, response.status, headers)

    def _unreachable(self, call: Call, gave_up: GaveUp) -> Response:
        message = f"No answer from {self._provider.name} after {call.attempts} attempts: {gave_up}"
        body = orjson.dumps(call.wire.error(502, "provider_unreachable", message))
        outcome: Outcome = "cut" if gave_up.abandoned else "unreachable"
        body = redact(body, self._secrets)
        self._books.close_call(call, Ending(outcome, 502, raw=body, response=json_object(body), error=message))
        return Response(body, 502, _FINAL)

    def _refuse(self, call: Call | None, wire: Wire, path: str, status: int, code: str, message: str) -> Response:
        self._books.refuse(call, wire, path, status, message)
        return error_response(wire, status, code, message)


def error_response(wire: Wire, status: int, code: str, message: str) -> Response:
    """An error of the gateway's own in the API's shape, which SDKs do not retry."""
    return Response(orjson.dumps(wire.error(status, code, message)), status, _FINAL)


def _label(headers: Mapping[str, str]) -> str | None:
    """The client's label, if it is one: it comes from the container and goes into a file that people read."""
    label = headers.get(LABEL_HEADER, "")
    return label if _LABEL.fullmatch(label) else None


def _parse(raw_body: bytes) -> Json:
    try:
        body = orjson.loads(raw_body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise BadRequest(f"The body must be a JSON object, found {type(body).__name__}.")
    _refuse_deep(body)
    return body


def _refuse_deep(body: Json) -> None:
    layer: list[Any] = [body]
    for _ in range(_DEEPEST):
        layer = [
            child
            for value in layer
            for child in (value.values() if isinstance(value, dict) else value)
            if isinstance(child, dict | list)
        ]
        if not layer:
            return
    raise BadRequest(f"The body is nested deeper than {_DEEPEST} levels.")


def _passed_down(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _PASSED_DOWN if name in headers}
