"""The gateway's HTTP routes: the providers' endpoints under /v1, the run's own under /podium."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.contract import (
    CHECK_PATH,
    EVENTS_PATH,
    SCORE_PATH,
    STATUS_PATH,
    CheckReply,
    ScoreReply,
    StatusReply,
    error_body,
)
from harness.errors import InfrastructureError
from harness.gateway.checks import SubmissionChecks
from harness.gateway.connections import BodyMemory, BodyShare, TooLarge
from harness.gateway.forward import CallLimits, ModelCalls, error_response
from harness.gateway.journal import EventCaps, EventRefused, JournalWriter, StoredEvent
from harness.gateway.scores import SubmissionScores
from harness.gateway.trespasses import Trespasses
from harness.gateway.wire import WIRES
from harness.gateway.wire.base import Wire

log = logging.getLogger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]

_NODE = re.compile(r"[0-9a-z-]{1,32}")


@dataclass(frozen=True)
class Parts:
    """What the routes need of a running gateway."""

    calls: ModelCalls
    journal: JournalWriter
    checks: SubmissionChecks
    scores: SubmissionScores | None  # None: nodes are scored by their own scripts
    executor: Executor
    memory: BodyMemory
    models: tuple[str, ...]
    limits: CallLimits
    caps: EventCaps
    status: Callable[[], StatusReply]
    failure: Callable[[], InfrastructureError | None]
    fail: Callable[[InfrastructureError], None]
    on_event: Callable[[StoredEvent], None] | None
    trespasses: Trespasses


def application(parts: Parts) -> Starlette:
    """The gateway as an ASGI application."""
    routes = [Route(path, _model_call(parts, wire, path), methods=["POST"]) for path, wire in WIRES.items()]
    routes += [
        Route("/v1/models", _models(parts), methods=["GET"]),
        Route(EVENTS_PATH, _own(parts, _events), methods=["POST"]),
        Route(CHECK_PATH, _own(parts, _check), methods=["POST"]),
        Route(SCORE_PATH, _own(parts, _score), methods=["POST"]),
        Route(STATUS_PATH, _own(parts, _status), methods=["GET"]),
        Route("/{path:path}", _unknown(parts), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
    return Starlette(routes=routes)


def _model_call(parts: Parts, wire: Wire, path: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if failure := parts.failure():
            return error_response(wire, 503, "run_failed", f"The run is ending: {failure}")
        try:
            with parts.memory.hold(parts.limits.body_bytes) as share:
                return await parts.calls.answer(wire, path, await _read(request, share), request.headers)
        except TooLarge as error:
            return error_response(wire, 413, "request_too_large", str(error))
        except ClientDisconnect:
            return Response(status_code=499)
        except InfrastructureError as failure:
            return error_response(wire, 503, "run_failed", f"The run is ending: {failure}")

    return endpoint


def _models(parts: Parts) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        """Only what this run may call; the account's other models are nobody's business in the container."""
        if "anthropic-version" in request.headers:
            epoch = "1970-01-01T00:00:00Z"
            data = [{"type": "model", "id": name, "display_name": name, "created_at": epoch} for name in parts.models]
            ends = {"first_id": parts.models[0], "last_id": parts.models[-1]} if parts.models else {}
            return JSONResponse({"data": data, "has_more": False, "first_id": None, "last_id": None, **ends})
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "podium"} for name in parts.models]
        return JSONResponse({"object": "list", "data": listed})

    return endpoint


def _own(parts: Parts, answer: Callable[[Parts, Request], Awaitable[Response]]) -> Endpoint:
    """One of the run's own endpoints; a full disk ends the run, a refusal is told."""

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(parts, request)
        except EventRefused as refused:
            parts.trespasses.note(refused.trespass, f"{request.url.path}: {refused}")
            return JSONResponse(error_body(str(refused)), refused.status)
        except TooLarge as error:
            return JSONResponse(error_body(str(error)), 413)
        except ClientDisconnect:
            return Response(status_code=499)
        except InfrastructureError as failure:
            parts.fail(failure)
        except OSError as error:
            parts.fail(InfrastructureError(f"The run's folder can't be written: {error}. Free some space (df -h)."))
        return JSONResponse(error_body("the run's folder can't be written; the run is ending"), 503)

    return endpoint


async def _events(parts: Parts, request: Request) -> Response:
    with parts.memory.hold(2 * parts.caps.event_bytes) as share:
        body = await _read(request, share)
        loop = asyncio.get_running_loop()
        stored = await loop.run_in_executor(parts.executor, parts.journal.append, body)
    for event in stored:
        parts.trespasses.read(event)
        if parts.on_event:
            parts.on_event(event)
    return Response(status_code=204)


async def _check(parts: Parts, request: Request) -> Response:
    return await _looked_at(request, parts.checks.check)


async def _score(parts: Parts, request: Request) -> Response:
    if parts.scores is None:
        raise EventRefused(404, "this run's nodes are scored by their own scripts (validation: self)", "endpoint")
    return await _looked_at(request, parts.scores.score)


async def _looked_at(
    request: Request, look: Callable[[str, AsyncIterator[bytes]], Awaitable[CheckReply | ScoreReply]]
) -> Response:
    """Have a node's submission checked or scored."""
    node = request.query_params.get("node", "")
    if not _NODE.fullmatch(node):
        raise EventRefused(400, f"{node[:40]!r} is not a node id: 1 to 32 of a-z, 0-9 and '-'", "path")
    try:
        reply = await look(node, request.stream())
    except (EventRefused, ClientDisconnect, OSError, InfrastructureError):
        raise
    except Exception:  # the outermost boundary of foreign code: a metric's own bug must not tell the agent anything
        log.exception("the submission check of node %s failed; this is a bug of the checker", node)
        return JSONResponse(error_body("the check itself failed; the submission may be fine"), 500)
    return JSONResponse(reply.model_dump())


async def _status(parts: Parts, request: Request) -> Response:
    return JSONResponse(parts.status().model_dump())


def _unknown(parts: Parts) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        known = ", ".join([*WIRES, "/v1/models", EVENTS_PATH, CHECK_PATH, SCORE_PATH, STATUS_PATH])
        message = f"{request.method} {request.url.path} is not served by this gateway; it serves {known}."
        parts.trespasses.note("endpoint", f"{request.method} {request.url.path}")
        return error_response(WIRES["/v1/chat/completions"], 404, "not_found", message)

    return endpoint


async def _read(request: Request, share: BodyShare) -> bytes:
    """The body, counted as it arrives."""
    body = bytearray()
    async for chunk in request.stream():
        share.add(len(chunk))
        body += chunk
    return bytes(body)
