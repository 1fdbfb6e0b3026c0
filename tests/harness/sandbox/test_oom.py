"""Both cgroup versions' counters are read. The texts are what the kernel printed."""

import http.server
import threading
from types import SimpleNamespace

import docker
import pytest

from harness.errors import InfrastructureError
from harness.sandbox import events, oom
from harness.sandbox.oom import parse_counter

V1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"
V2 = "low 0\nhigh 0\nmax 118\noom 2\noom_kill 2\noom_group_kill 0\n"


def test_the_kill_counter_is_read_in_both_versions():
    assert parse_counter(V1) == 3
    assert parse_counter(V2) == 2


def test_no_counter_counts_as_no_kill():
    assert parse_counter("") == 0


class SilentEngine(http.server.BaseHTTPRequestHandler):
    """Begins to answer as an engine does, and says no more."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.server.over.wait(20)

    def log_message(self, *words):
        pass


@pytest.fixture
def silent_engine():
    with http.server.HTTPServer(("127.0.0.1", 0), SilentEngine) as server:
        server.over = threading.Event()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{server.server_port}", version="1.41")
        yield client
        server.over.set()
        client.close()
        server.shutdown()
        thread.join()


def test_an_engine_that_falls_silent_is_not_waited_for_without_end(silent_engine, monkeypatch):
    monkeypatch.setattr(events, "EVENTS_SECONDS", 0.2)
    with pytest.raises(InfrastructureError, match="does not answer"):
        oom.OomCounter(SimpleNamespace(client=silent_engine, id="x")).total()
