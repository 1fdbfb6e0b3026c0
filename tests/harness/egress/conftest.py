"""A proxy towards servers of the test's own on loopback, by names that a resolver of the test's own knows."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from harness.egress.addresses import is_public
from harness.egress.choice import Egress, Rule
from harness.egress.proxy import Proxy, ProxyCaps


@dataclass
class OwnNames:
    """A resolver with names of its own; `loopback` may be connected to, which the real rule never allows."""

    names: dict[str, list[str]]
    loopback: bool = True
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host, port):
        self.asked.append(host)
        if host not in self.names:
            raise OSError("no such name")
        return self.names[host]

    def allows(self, address):
        return (self.loopback and address == "127.0.0.1") or is_public(address)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, or sends elsewhere where `redirect_to` is set; what is posted is said back with the headers."""

    def do_GET(self):
        if self.server.redirect_to is None:
            super().do_GET()
            return
        self.send_response(302)
        self.send_header("location", self.server.redirect_to)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        said = json.dumps({"path": self.path, "headers": dict(self.headers), "body": body.decode()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *arguments):
        self.server.seen.append(self.requestline)


@contextlib.contextmanager
def serving(folder, authority=None, name="files.test", handler=Handler, host="127.0.0.1"):
    """An HTTP server, on loopback unless said otherwise, with TLS where an authority is given."""
    server = http.server.ThreadingHTTPServer((host, 0), lambda *given: handler(*given, directory=str(folder)))
    server.seen, server.redirect_to = [], None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "hello.txt").write_text("hello")
    return folder


@pytest.fixture
def plain(files):
    with serving(files) as server:
        yield server


@pytest.fixture
def secure(files, authority):
    with serving(files, authority) as server:
        yield server


@dataclass
class Behind:
    """A proxy, and its socket's sentences."""

    proxy: Proxy
    folder: Path
    reach: OwnNames

    def connect(self):
        there = socket.socket(socket.AF_UNIX)
        there.settimeout(20)
        there.connect(str(self.proxy.socket))
        return there

    def ask(self, raw):
        """Send bytes, and read until the proxy closes."""
        with self.connect() as there:
            there.sendall(raw)
            return read_all(there)

    def tunnel(self, target, first=b""):
        """CONNECT, then send `first`; what came back after the proxy's answer, and that answer."""
        with self.connect() as there:
            there.sendall(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
            answer = there.recv(4096)
            if not first:
                return answer, b""
            there.sendall(first)
            return answer, read_all(there)

    def lines(self):
        self.proxy.__exit__(None, None, None)
        return [json.loads(line) for line in (self.folder / "egress.jsonl").read_text().splitlines()]


def read_all(there):
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := there.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


@pytest.fixture
def behind(tmp_path):
    """Make proxies; all end with the test."""
    made = []

    def make(*rules, names=None, loopback=True, **caps):
        folder = tmp_path / f"run{len(made)}"
        (folder / "d").mkdir(parents=True)
        reach = OwnNames({"files.test": ["127.0.0.1"]} if names is None else names, loopback)
        proxy = Proxy(
            door=folder / "d",
            run_folder=folder,
            egress=Egress("allowlist", rules),
            reach=reach,
            caps=ProxyCaps(**caps),
        )
        made.append(proxy.__enter__())
        return Behind(proxy, folder, reach)

    yield make
    for proxy in made:
        if proxy.socket.exists():
            proxy.__exit__(None, None, None)


def at(server, host="files.test"):
    """The rule that allows a server of the test's own."""
    return Rule(host, port=server.server_address[1])


@pytest.fixture
def forwarded():
    """Give a proxy a loopback port, as the box has it: by the same forwarder."""
    from agent import loopback

    listeners = []

    def forward(behind):
        listener = loopback.listen(0)
        listeners.append(listener)
        threading.Thread(target=loopback.serve, args=(listener, str(behind.proxy.socket)), daemon=True).start()
        return listener.getsockname()[1]

    yield forward
    for listener in listeners:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def small_wheel(folder, name, content="ANSWER = 42\n", version="1.0", requires=(), command=None):
    """A wheel of one module, as an index or a cache has it."""
    import zipfile

    folder.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    record = f"{module}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}.py", content)
        needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        if command:
            archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{command} = {module}:main\n")
            record += f"{info}/entry_points.txt,,\n"
        archive.writestr(f"{info}/RECORD", record)
    return path
