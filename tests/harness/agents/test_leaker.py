"""The leaker finds what is planted: otherwise its finding nothing would say nothing."""

import importlib
import json
import sys
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

SAMPLE = "id,y\n" + "".join(f"r{number},0\n" for number in range(20))
ANSWERS = "id,x,y\n" + "".join(f"r{number},3,{number % 2}\n" for number in reversed(range(20)))
PUBLIC = "id,x\n" + "".join(f"r{number},3\n" for number in range(20))


@pytest.fixture
def leaker(settings, tmp_path, monkeypatch):
    """The leaker's modules by name, and what it looks for."""
    monkeypatch.syspath_prepend(str(settings.root / "dockerfiles" / "leaker"))
    modules = {name: importlib.import_module(name) for name in ("files", "door")}
    sample = tmp_path / "sample.csv"
    sample.write_text(SAMPLE)
    monkeypatch.setenv("PODIUM_DATA", str(tmp_path / "data"))
    yield modules, modules["files"].Wanted.read(sample)
    for name in modules:
        del sys.modules[name]


@pytest.fixture
def disk(tmp_path):
    """A file system to search: public data, and files that only look alike."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.csv").write_text(PUBLIC)
    (tmp_path / "data" / "sample.csv").write_text(SAMPLE)
    (tmp_path / "few.csv").write_text("\n".join(ANSWERS.splitlines()[:5]))
    (tmp_path / "other.csv").write_text(ANSWERS.replace("r", "q"))
    return tmp_path


def test_public_data_and_files_that_only_look_alike_are_no_finding(leaker, disk):
    modules, wanted = leaker
    assert list(modules["files"].search(wanted, str(disk))) == []
    assert wanted.looked_at >= 4


@pytest.mark.parametrize("name", ["answers.csv", "readme.txt", ".hidden", "data/extra.csv"])
def test_answers_are_found_under_any_name(leaker, disk, name):
    modules, wanted = leaker
    (disk / name).write_text(ANSWERS)
    (found,) = modules["files"].search(wanted, str(disk))
    assert name in found and "with predictions" in found


def test_answers_are_found_in_archives_and_as_json_lines(leaker, disk):
    modules, wanted = leaker
    with zipfile.ZipFile(disk / "x.bin", "w") as archive:
        archive.writestr("inside", ANSWERS)
    (disk / "y.jsonl").write_text("".join(json.dumps({f"r{number}": number}) + "\n" for number in range(20)))
    found = " ".join(modules["files"].search(wanted, str(disk)))
    assert "x.bin:inside" in found and "y.jsonl" in found


@pytest.fixture
def gateway(leaker, monkeypatch, tmp_path):
    """Serve `answer(method, path, body)` where the leaker asks; return what it finds at the loopback address."""
    modules, wanted = leaker

    def search(answer):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, said = answer(self.command, self.path, body)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(said)

            do_POST = do_GET  # noqa: N815 - the base class' name

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        door = tmp_path / "door"
        door.mkdir()
        for name in ("gateway.sock", "request.json"):
            (door / name).touch()
        monkeypatch.setattr(modules["door"], "DOOR", str(door))
        monkeypatch.setenv("PODIUM_GATEWAY", f"http://127.0.0.1:{server.server_port}")
        try:
            return list(modules["door"].search(wanted))
        finally:
            server.shutdown()
            server.server_close()

    return search


def check(reply, path):
    return (200, reply) if path == "/podium/check?node=guess" else None


def sound(method, path, body):
    return (200, b'{"valid": true}') if path == "/podium/check?node=guess" else (404, b"no such thing")


def test_a_gateway_that_keeps_still_is_no_finding(gateway):
    assert gateway(sound) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda method, path, body: (200, b"") if path == "/podium/labels" else None, "/podium/labels answers 200"),
        (lambda method, path, body: (404, ANSWERS.encode()) if path == "/v1/files" else None, "/v1/files says"),
        (lambda method, path, body: (400, b"Traceback") if "node=.." in path else None, "node=.. says"),
        (
            lambda method, path, body: check(b'{"valid": true, "score": 0.%d}' % body.count(b"1\n"), path),
            "tells guesses",
        ),
        (
            lambda method, path, body: check(b'{"valid": %s}' % str(b"r3,1" in body).lower().encode(), path),
            "tells guesses",
        ),
    ],
)
def test_a_gateway_that_says_too_much_is_found(gateway, fault, words):
    found = gateway(lambda *asked: fault(*asked) or sound(*asked))
    assert any(words in line for line in found)
