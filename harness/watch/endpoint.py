"""Serves metrics to a Prometheus on this machine, and to nobody else.

Bound to a loopback address only: figures of runs are nobody else's business, and an open port needs somebody who looks
after it. A scraper elsewhere takes a tunnel or a proxy with a login. Requests that name another host are refused, so
that no page in a browser can read them by pointing its own name here.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from harness.errors import UserError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

LOOPBACK = "127.0.0.1"
HIGHEST_PORT = 65535
USUAL_PORT = 9464  # where exporters of this kind listen


class Endpoint:
    """`http://127.0.0.1:PORT/metrics` while its context lasts."""

    def __init__(self, registry: CollectorRegistry, port: int) -> None:
        self._registry = registry
        self._wanted = port
        self._server: WSGIServer | None = None

    @property
    def url(self) -> str:
        """Where it is; the port that was found, where 0 was asked for."""
        assert self._server is not None
        return f"http://{LOOPBACK}:{self._server.server_port}/metrics"

    def __enter__(self) -> Endpoint:
        from prometheus_client import make_wsgi_app

        app = _for_this_machine(make_wsgi_app(self._registry))
        try:
            self._server = make_server(LOOPBACK, self._wanted, app, _Server, _Quiet)
        except OSError as error:
            raise UserError(
                f"--metrics-port {self._wanted}: {error.strerror}. Choose another, or 0 for one that is free"
            ) from error
        threading.Thread(target=self._server.serve_forever, name="podium-metrics", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


def parse_port(text: str) -> int:
    """Read `--metrics-port`: a port, or a loopback address with one; any other address is refused."""
    host, colon, port = text.rpartition(":")
    if colon and not _is_loopback(host):
        alone = port if port.isdecimal() else str(USUAL_PORT)
        raise UserError(
            f"--metrics-port {text!r} names an address that others could reach. Metrics are for this machine only: "
            f"--metrics-port {alone}; a scraper elsewhere takes a tunnel: ssh -L {alone}:{LOOPBACK}:{alone} THIS_HOST"
        )
    if not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise UserError(f"--metrics-port {text!r} is no port: a number up to {HIGHEST_PORT}, or 0 for any that is free")
    return int(port)


def _is_loopback(host: str) -> bool:
    host = host.removeprefix("[").removesuffix("]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _for_this_machine(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", ""))
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if not _is_loopback(name):
            start("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"for this machine only\n"]
        return app(environ, start)

    return guarded


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # The base class asks the resolver for this host's name, which may take seconds.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]
        self.setup_environ()


class _Quiet(WSGIRequestHandler):
    timeout = 10  # a client that says nothing holds no thread for long

    def log_message(self, format: str, *words: Any) -> None:
        """Say nothing of each request."""
