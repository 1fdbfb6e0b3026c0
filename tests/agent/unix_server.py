"""An HTTP server on a Unix socket that answers as it is told and keeps what it was asked."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """One answer; `then_close` ends the connection behind it, `hang_up` ends it instead."""

    body: Any = None
    status: int = 200
    then_close: bool = False
    hang_up: bool = False

    @property
    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class UnixServer:
    """A context manager; answers come from a list, in order, or from a function of the request."""

    def __init__(self, path: Path, answers: Iterable[Answer] | Callable[[Asked], Answer]) -> None:
        self.path = path
        self.asked: list[Asked] = []
        self.connections = 0
        listed = None if callable(answers) else iter(answers)
        self._answer = answers if callable(answers) else lambda asked: next(listed)  # type: ignore[arg-type]

    def __enter__(self) -> UnixServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                owner.connections += 1
                self.client_address = ("unix", 0)
                super().setup()

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                owner.asked.append(asked)
                answer = owner._answer(asked)
                self.close_connection = answer.then_close or answer.hang_up
                if answer.hang_up:
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.encoded)))
                self.end_headers()
                self.wfile.write(answer.encoded)

            do_GET = do_POST = _serve  # noqa: N815 - the names that http.server calls

            def log_message(self, *args: object) -> None:
                pass

        self._server = _Server(str(self.path), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
