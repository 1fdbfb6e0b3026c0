"""The agent's side of the door: events out, checks and status in, over the run's Unix socket.

Model calls go through the same socket but by the providers' own clients (`agent/llm`). One kept-alive connection, one
thread; nothing is queued: an event that `report` returned from is on the host.
"""

from __future__ import annotations

import http.client
import json
import select
import socket
import urllib.parse
from pathlib import Path
from typing import IO, Any, Protocol

from agent.contract import CHECK_PATH, EVENTS_PATH, STATUS_PATH, CheckReply, Event, StatusReply, event_json

TIMEOUT_SECONDS = 120.0


class GatewayError(Exception):
    """The gateway is gone, or refuses what we send: the run can't be recorded, so it can't go on."""


class Gateway(Protocol):
    """What the loop needs of the host."""

    def report(self, event: Event) -> None:
        """Record an event; on return it is kept, whatever happens to this process."""
        ...

    def check(self, node_id: str, submission: Path) -> CheckReply:
        """Have the format of a node's submission checked, and a copy kept on the host."""
        ...

    def status(self) -> StatusReply:
        """Say how much of the run's limits is used up."""
        ...


class SocketGateway:
    """The gateway behind a Unix socket."""

    def __init__(self, path: Path, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._connection = _UnixConnection(path, timeout_seconds)

    def report(self, event: Event) -> None:
        """See `Gateway.report`."""
        self._call("POST", EVENTS_PATH, event_json(event).encode(), "application/json")

    def check(self, node_id: str, submission: Path) -> CheckReply:
        """See `Gateway.check`; the file is streamed."""
        query = urllib.parse.urlencode({"node": node_id})
        size = submission.stat().st_size
        with submission.open("rb") as body:
            reply = self._call("POST", f"{CHECK_PATH}?{query}", body, "text/csv", size)
        return CheckReply(valid=bool(reply["valid"]), reason=reply.get("reason"))

    def status(self) -> StatusReply:
        """See `Gateway.status`."""
        reply = self._call("GET", STATUS_PATH)
        return StatusReply(
            spent_fraction=float(reply["spent_fraction"]),
            elapsed_seconds=float(reply["elapsed_seconds"]),
            deadline_seconds=float(reply["deadline_seconds"]),
            stop=bool(reply["stop"]),
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _call(
        self, method: str, path: str, body: bytes | IO[bytes] | None = None, kind: str = "", size: int | None = None
    ) -> dict[str, Any]:
        headers = {"Content-Type": kind} if kind else {}
        if size is not None:
            headers["Content-Length"] = str(size)
        try:
            self._connection.drop_if_stale()
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise GatewayError(f"{method} {path} failed: {type(error).__name__}: {error}") from error
        if response.status >= 300:
            raise GatewayError(f"{method} {path} was refused with {response.status}: {answer[:500]!r}")
        return _object(answer, path)


def _object(answer: bytes, path: str) -> dict[str, Any]:
    """Read a reply's JSON object; an empty reply is an empty one."""
    if not answer.strip():
        return {}
    try:
        value = json.loads(answer)
    except ValueError as error:
        raise GatewayError(f"{path} answered with something that is not JSON: {answer[:200]!r}") from error
    if not isinstance(value, dict):
        raise GatewayError(f"{path} answered with {type(value).__name__} where an object belongs: {answer[:200]!r}")
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
