"""The agent's side of the door: events out, checks and status in, over the run's Unix socket.

Model calls go through the same socket but by the providers' own clients (`agent/llm`). A kept-alive connection for each
thread that calls at a time; nothing is queued: an event that `report` returned from is on the host.
"""

from __future__ import annotations

import http.client
import json
import select
import socket
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from agent.contract import (
    CHECK_PATH,
    EVENTS_PATH,
    SCORE_PATH,
    STATUS_PATH,
    CheckReply,
    Event,
    ScoreReply,
    StatusReply,
    event_json,
)

TIMEOUT_SECONDS = 120.0


class GatewayError(Exception):
    """The gateway is gone, or refuses what we send: the run can't be recorded, so it can't go on."""


class CheckFailed(GatewayError):
    """The check itself broke on the host; it says nothing about the submission."""


class Gateway(Protocol):
    """What the loop needs of the host."""

    def report(self, event: Event) -> None:
        """Record an event; on return it is kept, whatever happens to this process."""
        ...

    def check(self, node_id: str, submission: Path) -> CheckReply:
        """Have the format of a node's submission checked, and a copy kept on the host; raise `CheckFailed`."""
        ...

    def score(self, node_id: str, submission: Path) -> ScoreReply:
        """Have a node's submission checked, kept, and scored on held-back rows, once; raise `CheckFailed`."""
        ...

    def status(self) -> StatusReply:
        """Say how much of the run's limits is used up."""
        ...


class SocketGateway:
    """The gateway behind a Unix socket. Used by many threads."""

    def __init__(self, path: Path, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._idle: list[_UnixConnection] = []  # its `pop` and `append` are atomic

    def report(self, event: Event) -> None:
        """See `Gateway.report`."""
        answer = self._call("POST", EVENTS_PATH, event_json(event).encode(), {"Content-Type": "application/json"})
        if answer.repeated and answer.status == 409:
            return  # it had arrived; only the answer was lost
        answer.expect_success()

    def check(self, node_id: str, submission: Path) -> CheckReply:
        """See `Gateway.check`; the file is streamed."""
        answer = self._send(CHECK_PATH, node_id, submission)
        if answer.status == 413:
            return CheckReply(valid=False, reason=answer.error)
        reply = answer.expect_success()
        return CheckReply(valid=bool(reply["valid"]), reason=reply.get("reason"))

    def score(self, node_id: str, submission: Path) -> ScoreReply:
        """See `Gateway.score`; the file is streamed."""
        answer = self._send(SCORE_PATH, node_id, submission)
        if answer.status == 413:
            return ScoreReply(valid=False, reason=answer.error)
        if answer.status in (409, 429):
            raise CheckFailed(answer.error)
        reply = answer.expect_success()
        score = reply.get("score")
        return ScoreReply(bool(reply["valid"]), reply.get("reason"), None if score is None else float(score))

    def _send(self, path: str, node_id: str, submission: Path) -> _Answer:
        """Stream a node's submission; raise `CheckFailed` where the host could not look at it."""
        headers = {"Content-Type": "text/csv", "Content-Length": str(submission.stat().st_size)}
        with submission.open("rb") as body:
            answer = self._call("POST", f"{path}?{urllib.parse.urlencode({'node': node_id})}", body, headers)
        if answer.status == 500:
            raise CheckFailed(answer.error)
        return answer

    def status(self) -> StatusReply:
        """See `Gateway.status`."""
        reply = self._call("GET", STATUS_PATH).expect_success()
        return StatusReply(
            spent_fraction=float(reply["spent_fraction"]),
            elapsed_seconds=float(reply["elapsed_seconds"]),
            deadline_seconds=float(reply["deadline_seconds"]),
            stop=bool(reply["stop"]),
        )

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    def _call(
        self, method: str, path: str, body: bytes | BinaryIO | None = None, headers: Mapping[str, str] | None = None
    ) -> _Answer:
        """Make a call; once more when the connection, kept alive since the last one, turns out to be closed."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _UnixConnection(self._path, self._timeout_seconds)
        try:
            return self._call_on(connection, method, path, body, headers or {})
        finally:
            self._idle.append(connection)

    def _call_on(
        self,
        connection: _UnixConnection,
        method: str,
        path: str,
        body: bytes | BinaryIO | None,
        headers: Mapping[str, str],
    ) -> _Answer:
        for repeated in (False, True):
            try:
                connection.drop_if_stale()
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                return _Answer(f"{method} {path}", response.status, response.read(), repeated)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if repeated or not isinstance(error, ConnectionError):
                    raise GatewayError(f"{method} {path} failed: {type(error).__name__}: {error}") from error
                if body is not None and not isinstance(body, bytes):
                    body.seek(0)
        raise AssertionError("the second attempt returns or raises")


@dataclass(frozen=True)
class _Answer:
    """An HTTP answer; `repeated`: the call was made twice, so it may have taken effect before."""

    call: str
    status: int
    body: bytes
    repeated: bool

    @property
    def error(self) -> str:
        """The words of a refusal."""
        try:
            return str(json.loads(self.body)["error"])
        except (ValueError, KeyError, TypeError):
            return self.body[:500].decode("utf-8", "replace")

    def expect_success(self) -> dict[str, Any]:
        """Return the JSON object, empty for an empty body; raise `GatewayError` for a refusal or anything else."""
        if self.status >= 300:
            raise GatewayError(f"{self.call} was refused with {self.status}: {self.error}")
        try:
            value = json.loads(self.body) if self.body.strip() else {}
        except ValueError as error:
            raise GatewayError(f"{self.call} was answered with no JSON: {self.body[:200]!r}") from error
        if not isinstance(value, dict):
            raise GatewayError(f"{self.call} was answered with {type(value).__name__}, not an object")
        return value


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        super().__init__("podium", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket's path instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def drop_if_stale(self) -> None:
        """Close a kept-alive connection that the server has closed: idle ones must not fail the next call.

        Between calls the server has nothing to say, so a readable socket means its end.
        """
        if self.sock is not None and select.select([self.sock], [], [], 0)[0]:
            self.close()
