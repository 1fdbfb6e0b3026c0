"""The proxy of a run, with servers of the test's own behind it: what passes, what does not, what is written."""

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from ipaddress import ip_network

import pytest

from harness.egress.addresses import PublicReach
from harness.egress.choice import Rule
from tests.harness.egress.conftest import at, read_all, serving, small_wheel
from tests.harness.egress.test_hello import hello


def port_of(server):
    return server.server_address[1]


def test_a_plain_request_passes_and_is_written_down_without_its_path(behind, plain):
    there = behind(at(plain))
    answer = there.ask(f"GET http://files.test:{port_of(plain)}/hello.txt?token=canary HTTP/1.1\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.0 200") and answer.endswith(b"hello")
    (line,) = there.lines()
    kept = ("kind", "host", "port", "method", "address", "outcome")
    assert [line[name] for name in kept] == ["http", "files.test", port_of(plain), "GET", "127.0.0.1", "passed"]
    assert line["bytes_down"] == len(answer) and line["bytes_up"] > 0 and "canary" not in json.dumps(line)
    totals = there.proxy.totals
    assert (totals.connections, totals.passed, totals.refused) == (1, 1, 0)


def test_a_body_reaches_the_host_and_what_follows_it_nobody(behind, plain):
    there = behind(at(plain))
    address = f"http://files.test:{port_of(plain)}"
    second = f"GET {address}/hello.txt HTTP/1.1\r\n\r\n"
    answer = there.ask(f"POST {address}/said HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody{second}".encode())

    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert said["body"] == "body" and said["headers"]["host"] == f"files.test:{port_of(plain)}"
    assert plain.seen == ["POST /said HTTP/1.1"]


def test_tls_is_end_to_end(behind, secure, authority):
    there = behind(at(secure))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with there.connect() as raw:
        raw.sendall(f"CONNECT files.test:{port_of(secure)} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in raw.recv(4096)
        with context.wrap_socket(raw, server_hostname="files.test") as tls:
            tls.sendall(b"GET /hello.txt HTTP/1.1\r\nHost: files.test\r\nConnection: close\r\n\r\n")
            assert read_all(tls).endswith(b"hello")

    (line,) = there.lines()
    assert line["kind"] == "tunnel" and line["outcome"] == "passed" and line["bytes_down"] > 5


@pytest.mark.parametrize(
    "target",
    [
        *("other.test:443", "files.test.evil:443", "x.files.test:443", "evilfiles.test:443"),
        *("files.test:22", "files.test:8080", "files.test:8443", "files.test:1"),
    ],
)
def test_a_host_that_is_not_listed_is_refused_and_never_resolved(behind, target):
    there = behind(Rule("files.test"))
    answer, _ = there.tunnel(target)

    assert b" 403 " in answer and b"not on this run's allowlist" in answer and not there.reach.asked
    (line,) = there.lines()
    assert line["outcome"] == "refused" and f"{line['host']}:{line['port']}" == target and line["bytes_up"] == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
def test_a_listed_name_that_is_pointed_at_this_network_is_refused(behind, plain, address):
    there = behind(at(plain), names={"files.test": [address]}, loopback=False)
    answer = there.ask(f"GET http://files.test:{port_of(plain)}/hello.txt HTTP/1.1\r\n\r\n".encode())

    assert b" 403 " in answer and b"no public address" in answer and plain.seen == []
    (line,) = there.lines()
    assert line["outcome"] == "refused" and line["address"] == address


def test_the_name_is_resolved_once_and_the_address_that_was_looked_at_is_connected_to(behind, plain):
    there = behind(at(plain), names={"files.test": ["10.1.2.3", "127.0.0.1"]})
    assert there.ask(f"GET http://files.test:{port_of(plain)}/hello.txt HTTP/1.1\r\n\r\n".encode()).endswith(b"hello")
    assert there.reach.asked == ["files.test"] and there.lines()[0]["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (hello("other.test"), "asks for other.test"),
        (hello(None), "names no server"),
        (b"SSH-2.0-OpenSSH\r\n", "no TLS"),
        (b"GET / HTTP/1.1\r\nHost: other.test\r\n\r\n", "no TLS"),
        (b"\x16\x03\x01\x40\x00\x01\x00\xff\xff" + b"x" * 17_000, "no TLS"),
    ],
)
def test_a_tunnel_that_asks_for_another_host_than_it_was_opened_for_is_closed(behind, plain, first, reason):
    there = behind(at(plain))
    answer, rest = there.tunnel(f"files.test:{port_of(plain)}", first)

    assert b" 200 " in answer and rest == b"" and plain.seen == []
    (line,) = there.lines()
    assert line["outcome"] == "refused" and reason in line["reason"] and line["bytes_up"] == 0


def test_no_endpoint_of_the_gateway_is_served(behind):
    there = behind(Rule("files.test"))
    for path in ("/v1/chat/completions", "/podium/status", "/podium/events"):
        assert b" 400 " in there.ask(f"POST {path} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}".encode())
    assert b" 403 " in there.tunnel("127.0.0.1:8484")[0] and b" 403 " in there.tunnel("localhost:8484")[0]


def test_hosts_that_are_not_there_are_the_boxs_trouble_and_are_told(behind):
    there = behind(Rule("gone.test"), Rule("shut.test", port=1), names={"shut.test": ["127.0.0.1"]})
    assert b" 502 " in there.tunnel("gone.test:443")[0] and b" 502 " in there.tunnel("shut.test:1")[0]
    assert [line["outcome"] for line in there.lines()] == ["unreachable", "unreachable"]


def test_connections_over_the_cap_are_turned_away_and_the_place_is_given_back(behind, plain):
    there = behind(at(plain), connections=2)
    request = f"GET http://files.test:{port_of(plain)}/hello.txt HTTP/1.1\r\n\r\n".encode()
    held = [there.connect() for _ in range(2)]
    deadline = time.monotonic() + 20
    while b" 429 " not in there.ask(request):
        assert time.monotonic() < deadline
    more = [there.connect() for _ in range(20)]
    assert sum(one.recv(1) == b"" for one in more[-10:]) == 10  # beyond twice the cap nobody listens
    for one in (*held, *more):
        one.close()
    while not there.ask(request).endswith(b"hello"):
        assert time.monotonic() < deadline


def test_a_run_moves_no_more_than_its_bytes(behind, plain, files):
    (files / "large").write_bytes(b"x" * 2_000_000)
    there = behind(at(plain), total_bytes=500_000)
    request = f"GET http://files.test:{port_of(plain)}/large HTTP/1.1\r\n\r\n".encode()
    assert len(there.ask(request)) < 600_000
    assert b" 403 " in there.ask(request)
    first, second = there.lines()
    assert first["outcome"] == "cut" and "500,000 bytes" in first["reason"] and second["outcome"] == "refused"


def test_endless_and_silent_requests_end(behind):
    there = behind(Rule("files.test"), head_seconds=0.3)
    assert b" 400 " in there.ask(b"GET http://files.test/ HTTP/1.1\r\n" + b"a: b\r\n" * 20_000)
    assert b" 408 " in there.ask(b"GET http://files.test/")


def test_its_end_closes_what_is_open_and_writes_it_down(behind, plain, files):
    there = behind(at(plain))
    with there.connect() as raw:
        raw.sendall(f"CONNECT files.test:{port_of(plain)} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in raw.recv(4096)
        raw.sendall(hello("files.test")[:20])
        (line,) = there.lines()
        assert read_all(raw) == b"" and line["reason"] == "the run was over"
    assert not there.proxy.socket.exists() and threading.active_count() < 50


def test_a_log_that_can_not_be_written_is_the_infrastructures_trouble(behind, monkeypatch):
    there = behind(Rule("files.test"))

    def full(entry):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(there.proxy._log, "write", full)
    there.tunnel("other.test:443")
    there.proxy.__exit__(None, None, None)
    assert "can't be written" in str(there.proxy.failure)


def test_real_pip_installs_through_it(behind, plain, files, tmp_path, forwarded):
    name = "podium-wheel-of-a-test"
    wheel = small_wheel(files / name, name)
    there = behind(at(plain))
    port = forwarded(there)
    target = tmp_path / "installed"
    address = f"http://files.test:{port_of(plain)}/"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--isolated", "--no-cache-dir", "--disable-pip-version-check"),
            *("--index-url", address, "--trusted-host", "files.test", "--proxy", f"http://127.0.0.1:{port}"),
            *("--target", str(target), name),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (target / "podium_wheel_of_a_test.py").read_text() == "ANSWER = 42\n" and wheel.name in str(plain.seen)
    assert {line["host"] for line in there.lines()} == {"files.test"}


@pytest.mark.parametrize("client", ["curl", "requests", "httpx"])
def test_usual_clients_fetch_over_tls_through_it(behind, secure, authority, tmp_path, forwarded, client):
    there = behind(at(secure))
    pem = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(pem))
    address, proxy = f"https://files.test:{port_of(secure)}/hello.txt", f"http://127.0.0.1:{forwarded(there)}"
    command = {
        "curl": ["curl", "-sS", "--cacert", str(pem), address],
        "requests": [sys.executable, "-c", f"import requests; print(requests.get({address!r}).text)"],
        "httpx": [
            *(sys.executable, "-c"),
            f"import httpx2, ssl; c = ssl.create_default_context(cafile={str(pem)!r}); "
            f"print(httpx2.Client(verify=c).get({address!r}).text)",
        ],
    }[client]
    environ = {"PATH": "/usr/bin:/bin", "HTTPS_PROXY": proxy, "https_proxy": proxy, "REQUESTS_CA_BUNDLE": str(pem)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)
    assert done.stdout.strip() == "hello", done.stderr


NUMBERS = [
    *("127.0.0.1", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1.", "203.0.113.7"),
    *("[::1]", "[::ffff:127.0.0.1]", "[fe80::1%25eth0]", "[2001:db8::1]", "::1", "1.2.3.4@files.test"),
]


@pytest.mark.parametrize("number", NUMBERS)
def test_addresses_in_numbers_are_refused_in_both_forms_whatever_is_listed(behind, number):
    there = behind(Rule("files.test"), Rule("test", below=True))
    answer, _ = there.tunnel(f"{number}:443")
    assert answer.split(b" ", 2)[1] in (b"400", b"403"), answer
    assert there.ask(f"GET http://{number}/ HTTP/1.1\r\n\r\n".encode()).split(b" ", 2)[1] in (b"400", b"403")
    assert not there.reach.asked and there.proxy.totals.passed == 0
    assert [line["outcome"] for line in there.lines()] == ["refused", "refused"]


@pytest.mark.parametrize("host", ["FILES.TEST", "Files.Test.", "files.test."])
def test_a_name_is_the_same_in_upper_case_and_with_a_dot_at_its_end(behind, plain, secure, authority, host):
    there = behind(at(plain), at(secure))
    answer = there.ask(f"GET http://{host}:{port_of(plain)}/hello.txt HTTP/1.1\r\n\r\n".encode())
    assert answer.endswith(b"hello")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with there.connect() as raw:
        raw.sendall(f"CONNECT {host}:{port_of(secure)} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in raw.recv(4096)
        with context.wrap_socket(raw, server_hostname=host.removesuffix(".")) as tls:
            tls.sendall(b"GET /hello.txt HTTP/1.0\r\n\r\n")
            assert read_all(tls).endswith(b"hello")
    assert {line["host"] for line in there.lines()} == set(there.reach.asked) == {"files.test"}


@pytest.mark.parametrize("host", ["OTHER.TEST", "other.test.", "files.test..", "files.test.other", "files%2etest"])
def test_no_way_of_writing_a_name_makes_it_a_listed_one(behind, host):
    there = behind(Rule("files.test"))
    assert there.tunnel(f"{host}:443")[0].split(b" ", 2)[1] == b"403" and not there.reach.asked


@pytest.mark.parametrize("target", ["http://other.test:{port}/", "http://127.0.0.1:{port}/", "http://[::1]:{port}/"])
def test_a_redirect_to_a_host_that_is_not_listed_leads_nowhere(behind, files, forwarded, target):
    with serving(files) as other, serving(files) as first:
        first.redirect_to = target.format(port=port_of(other)) + "secret"
        there = behind(at(first), names={"files.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
        command = ["curl", "-sS", "-L", "--noproxy", "", "--proxy", f"http://127.0.0.1:{forwarded(there)}"]
        address = f"http://files.test:{port_of(first)}/"
        done = subprocess.run([*command, address], capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout.startswith("Podium: ") and len(first.seen) == 1 and other.seen == []
    assert sorted(line["outcome"] for line in there.lines()) == ["passed", "refused"]
    assert there.reach.asked == ["files.test"]


def test_a_name_that_is_pointed_elsewhere_between_two_connections_is_looked_at_again(behind, plain):
    there = behind(at(plain))
    request = f"GET http://files.test:{port_of(plain)}/hello.txt HTTP/1.1\r\n\r\n".encode()
    assert there.ask(request).endswith(b"hello")
    there.reach.names["files.test"] = ["169.254.169.254"]
    assert b" 403 " in there.ask(request)
    there.reach.names["files.test"] = ["10.0.0.1", "::ffff:192.168.0.1"]
    assert b" 403 " in there.ask(request) and len(plain.seen) == 1
    assert [line["outcome"] for line in there.lines()] == ["passed", "refused", "refused"]


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "localhost."])
def test_this_machines_own_name_is_refused_with_the_real_resolver_even_where_it_is_listed(behind, plain, name):
    there = behind(at(plain, "localhost"))
    there.proxy._reach = PublicReach()
    answer = there.ask(f"GET http://{name}:{port_of(plain)}/hello.txt HTTP/1.1\r\n\r\n".encode())
    assert b" 403 " in answer and b"no public address" in answer and plain.seen == []


def test_an_address_of_this_machine_is_refused_though_it_may_be_connected_to(behind, files):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nothing_is_sent:
        nothing_is_sent.connect(("192.0.2.1", 9))
        own = nothing_is_sent.getsockname()[0]
    with serving(files, host=own) as server:
        listed = Rule("files.test", port=port_of(server), network=ip_network(own))
        there = behind(listed, names={"files.test": [own]}, loopback=False)
        answer = there.ask(f"GET http://files.test:{port_of(server)}/hello.txt HTTP/1.1\r\n\r\n".encode())
        assert b" 403 " in answer and b"is this machine" in answer and server.seen == []
