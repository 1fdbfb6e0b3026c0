"""The head of a proxy request, read strictly: what is odd is refused, since another reader might read it otherwise.

Two forms are served: `CONNECT host:port`, a tunnel, and a request for an `http://` address, which is passed on with the
host that it names as its only `Host`. One request a connection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.egress.choice import host_name

MOST_HEAD_BYTES = 32 * 1024
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"([A-Z]{1,16}) ([\x21-\x7e]+) HTTP/1\.[01]")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
# Of this connection, or of this proxy; the rest is passed on as it came.
_NOT_PASSED_ON = {
    *("host", "connection", "proxy-connection", "proxy-authorization", "keep-alive", "te", "trailer", "upgrade"),
    *("expect", "content-length", "transfer-encoding"),
}


class Refused(Exception):
    """A request that is not passed on: the status that says so, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Asked:
    """A request: where to, and of a plain one what is sent there."""

    method: str
    host: str
    port: int
    head: bytes = b""
    body_bytes: int = 0

    @property
    def is_tunnel(self) -> bool:
        """Is it a CONNECT?"""
        return self.method == "CONNECT"


def read_head(head: bytes) -> Asked:
    """Read a head without the empty line at its end; raise `Refused`."""
    first, *lines = head.split(b"\r\n")
    match = _LINE.fullmatch(first)
    if match is None:
        raise Refused(400, "this is an HTTP proxy, and that is no request to one")
    method, target = match[1].decode(), match[2].decode()
    fields = [_field(line) for line in lines]
    if method == "CONNECT":
        host, port = _authority(target, None)
        return Asked(method, host, port)
    return _plain(method, target, fields)


def _plain(method: str, target: str, fields: list[tuple[str, bytes]]) -> Asked:
    if target.startswith("/") or target == "*":
        raise Refused(400, "this is a proxy and serves nothing of its own; ask for a whole address, http://…")
    if method not in METHODS:
        raise Refused(405, f"{method} is not passed on")
    try:
        parts = urlsplit(target)
    except ValueError:
        raise Refused(400, "that is no address") from None
    if parts.scheme.lower() != "http" or parts.username is not None or parts.fragment:
        raise Refused(400, "only http:// addresses without a user are passed on; for https:// use CONNECT")
    host, port = _authority(parts.netloc, 80)
    if any(name == "transfer-encoding" for name, _ in fields):
        raise Refused(411, "a body needs its length stated")
    lengths = {value for name, value in fields if name == "content-length"}
    if len(lengths) > 1 or not all(re.fullmatch(rb"[0-9]{1,15}", value) for value in lengths):
        raise Refused(400, "the body's length is unclear")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = host if port == 80 else f"{host}:{port}"
    kept = [f"{name}: ".encode() + value for name, value in fields if name not in _NOT_PASSED_ON]
    kept += [b"content-length: " + value for value in lengths]
    first = [f"{method} {path} HTTP/1.1".encode(), f"host: {named}".encode(), b"connection: close"]
    return Asked(method, host, port, b"\r\n".join([*first, *kept, b"", b""]), int(next(iter(lengths), 0)))


def _field(line: bytes) -> tuple[str, bytes]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise Refused(400, "a header line is malformed")
    return match[1].decode().lower(), match[2]


def _authority(text: str, usual: int | None) -> tuple[str, int]:
    name, colon, number = text.partition(":")
    host = host_name(name)
    if host is None:
        raise Refused(403, f"{text[:80]} is no host's name; addresses in numbers are not served")
    if not colon and usual is not None:
        return host, usual
    if not re.fullmatch(r"[0-9]{1,5}", number) or not 0 < int(number) < 1 << 16:
        raise Refused(400, "the port is missing or none")
    return host, int(number)
