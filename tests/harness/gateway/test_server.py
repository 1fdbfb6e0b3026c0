"""The gateway's socket: where it listens, what it bounds, and how it ends."""

import contextlib
import os
import socket
import stat
import threading
import time

import httpx2
import pytest

from harness.errors import InfrastructureError, UserError
from harness.gateway import connections
from harness.gateway.budget import Budget
from harness.gateway.providers.fake import Hang, Say
from harness.gateway.providers.offline_wire import OfflineProvider
from harness.gateway.server import Gateway

USER = [{"role": "user", "content": "hi"}]
BODY = {"model": "model-a", "messages": USER, "max_completion_tokens": 500}


def raw(gateway, data=b""):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(gateway.socket))
    connection.sendall(data)
    return connection


def test_the_socket_is_open_to_the_containers_users_and_gone_afterwards(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo))
    mode = gateway.socket.stat().st_mode

    gateway.__exit__(None, None, None)

    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o666
    assert not gateway.socket.exists()


def test_nothing_is_bound_but_the_socket(bench, echo, monkeypatch):
    bound = []
    real_bind = socket.socket.bind
    monkeypatch.setattr(socket.socket, "bind", lambda one, address: (bound.append(address), real_bind(one, address))[1])

    gateway = bench.gateway(OfflineProvider(echo))

    assert [os.fsdecode(address) for address in bound] == [str(gateway.socket)]


def test_a_socket_left_by_a_killed_run_is_replaced(bench, echo, tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "gateway.sock"))

    with Gateway(
        door=tmp_path,
        run_folder=tmp_path / "run",
        provider=OfflineProvider(echo),
        budget=Budget(),
        checker=None,
        deadline_seconds=10,
    ) as gateway:
        assert bench.http(gateway).get("/podium/status").status_code == 200


def test_too_long_a_path_is_named(bench, echo, tmp_path):
    door = tmp_path / ("d" * 120)
    door.mkdir()

    with pytest.raises(UserError, match="107"):
        Gateway(
            door=door,
            run_folder=tmp_path,
            provider=OfflineProvider(echo),
            budget=Budget(),
            checker=None,
            deadline_seconds=10,
        ).__enter__()


def test_a_gateway_that_cannot_start_says_why(echo, tmp_path):
    with pytest.raises(InfrastructureError, match=r"could not start.*No such file"):
        Gateway(
            door=tmp_path / "absent",
            run_folder=tmp_path,
            provider=OfflineProvider(echo),
            budget=Budget(),
            checker=None,
            deadline_seconds=10,
        ).__enter__()


def test_status_tells_time_and_asks_to_stop_when_told_or_late(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo), deadline_seconds=1.0)
    client = bench.http(gateway)

    first = client.get("/podium/status").json()
    gateway.request_stop()
    second = client.get("/podium/status").json()

    assert (first["stop"], first["deadline_seconds"], first["spent_fraction"]) == (False, 1.0, 0.0)
    assert second["stop"] and second["elapsed_seconds"] > first["elapsed_seconds"]


def test_status_asks_to_stop_after_the_deadline(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo), deadline_seconds=0.05)
    time.sleep(0.1)

    assert bench.http(gateway).get("/podium/status").json()["stop"] is True


def test_a_gateway_that_dies_in_the_middle_is_a_failure_of_the_run(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo))
    loop = gateway._server._loop
    loop.call_soon_threadsafe(loop.stop)
    gateway._thread.join(5)

    assert "Event loop stopped" in str(gateway.failure)
    with pytest.raises(RuntimeError, match="ended with an error"):
        gateway.__exit__(None, None, None)
    gateway._crash = None  # told once is enough: the fixture ends it again


def test_hanging_clients_do_not_hold_up_the_end(bench, fake, upstream, records, caplog):
    gateway = bench.gateway(upstream())
    fake.script(Hang(30), Say("x" * 40_000, pause_seconds=0.5))
    half_head = raw(gateway, b"POST /v1/chat/completions HTTP/1.1\r\n")
    half_body = raw(gateway, b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
    idle = raw(gateway)
    threads = [threading.Thread(target=_call, args=(gateway, stream)) for stream in (False, True)]
    for thread in threads:
        thread.start()
        while len(fake.received) < threads.index(thread) + 1:
            time.sleep(0.01)

    started = time.monotonic()
    gateway.__exit__(None, None, None)
    seconds = time.monotonic() - started

    for connection in (half_head, half_body, idle):
        connection.close()
    for thread in threads:
        thread.join()
    assert seconds < 1.0
    assert [record.outcome for record in records(gateway)] == ["cut", "cut"]
    assert gateway.usage().calls == 2 and gateway.usage().output_tokens == 1000  # the reservations
    assert not caplog.records


def _call(gateway, stream):
    transport = httpx2.HTTPTransport(uds=str(gateway.socket))
    client = httpx2.Client(transport=transport, base_url="http://podium")
    with client, contextlib.suppress(httpx2.TransportError):
        client.post("/v1/chat/completions", json={**BODY, "stream": stream})


def test_connections_over_the_cap_are_turned_away(bench, echo, monkeypatch):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    gateway = bench.gateway(OfflineProvider(echo))
    held = [raw(gateway, b"GET /podium/status HTTP/1.1\r\nhost: x\r\n\r\n") for _ in range(3)]
    answered = [connection.recv(100) for connection in held]

    with raw(gateway) as fourth:
        fourth.settimeout(5)
        assert fourth.recv(100) == b""
    for connection in held:
        connection.close()

    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answered)
    time.sleep(0.1)
    assert bench.http(gateway).get("/podium/status").status_code == 200


def test_endless_heads_are_cut_off(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo))
    lines = (b"x: " + b"y" * 5000 + b"\r\n") * 1000

    with raw(gateway, b"GET /podium/status HTTP/1.1\r\n") as connection:
        connection.settimeout(5)
        with pytest.raises(ConnectionError):
            connection.sendall(lines)


def test_gateways_of_several_runs_live_side_by_side(bench, echo):
    gateways = [bench.gateway(OfflineProvider(echo, seed=seed)) for seed in range(4)]

    texts = [
        bench.openai(gateway).chat.completions.create(model="offline", messages=USER).choices[0].message.content
        for gateway in gateways
    ]

    assert texts == [f"{seed}: hi" for seed in range(4)]
    assert [gateway.usage().calls for gateway in gateways] == [1] * 4
