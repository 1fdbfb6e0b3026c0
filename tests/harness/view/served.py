"""The pages of a results folder, served on loopback as `podium view` serves them."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.results.layout import Results
from harness.view.index import Index
from harness.view.server import server
from harness.view.site import Site

PROMPTS = Path(__file__).parents[3] / "agent" / "prompts"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Served:
    """A server that runs; `get` asks it as nobody's browser would."""

    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            text = answer.read().decode()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
        finally:
            connection.close()


def site(root: Path, *, live: bool = True) -> Site:
    """The pages of a folder."""
    results = Results(root)
    return Site(results, Index(results), PROMPTS, live=live)


@contextlib.contextmanager
def serving(root: Path, *, public: bool = False, hosts: tuple[str, ...] = ()) -> Iterator[Served]:
    """A server of a results folder, until the block ends."""
    shown = site(root)
    running = server(shown, public=public, hosts=hosts)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        shown.index.start()
        try:
            yield Served(listening.getsockname()[1])
        finally:
            running.should_exit = True
            thread.join(timeout=10)
            shown.index.close()
            shown.close()
