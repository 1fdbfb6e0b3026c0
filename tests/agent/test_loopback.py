"""The loopback address of other agents' boxes passes bytes on as they come, and the command's end is its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agent import loopback
from agent.supervisor import seccomp

FOR_THE_FILTER = {"ctypes", "errno", "functools", "platform", "struct", "typing"}
STARTED = "from agent import loopback; import sys; sys.exit(loopback.run({command!r}, {{'none': loopback.listen(0)}}))"


@pytest.fixture
def door(tmp_path):
    """A Unix socket that a test answers at, and the port that leads to it."""
    path = tmp_path / "s"
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()
    listener = loopback.listen(0)
    threading.Thread(target=loopback.serve, args=(listener, str(path)), daemon=True).start()
    yield server, listener.getsockname()[1]
    listener.close()
    server.close()


def run(*command):
    code = STARTED.format(command=list(command))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)


def test_a_stream_arrives_piece_by_piece(door):
    server, port = door
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("POST", "/v1/x", body=b"y" * 300_000)
    there, _ = server.accept()
    taken = b""
    while not taken.endswith(b"y" * 10) or len(taken) < 300_000:
        taken += there.recv(65536)
    there.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
    answer = client.getresponse()
    assert answer.read(5) == b"first"  # while the rest is not even written
    there.sendall(b"6\r\nsecond\r\n0\r\n\r\n")
    assert answer.read() == b"second"


def test_an_end_of_either_side_is_passed_on(door):
    server, port = door
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    there, _ = server.accept()
    client.shutdown(socket.SHUT_WR)
    assert there.recv(1) == b""
    there.sendall(b"late answer")
    there.close()
    assert client.recv(100) == b"late answer" and client.recv(100) == b""


def test_many_connections_at_once_do_not_wait_for_each_other(door):
    server, port = door
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(40)]
    there = [server.accept()[0] for _ in clients]
    for connection in reversed(there):
        connection.sendall(b"x")
    assert {client.recv(1) for client in clients} == {b"x"}


def test_a_box_that_ran_out_of_descriptors_takes_connections_again(tmp_path):
    code = """
import os, resource, socket, threading
from agent import loopback
listener = loopback.listen(0)
threading.Thread(target=loopback.serve, args=(listener, "none"), daemon=True).start()
clients = [socket.socket() for _ in range(2)]
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
highest = max(map(int, os.listdir("/proc/self/fd")))  # the list's own, and none is free below it
for client, free in zip(clients, (0, 1)):
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + free, hard))
    client.settimeout(10)
    client.connect(listener.getsockname())
    threading.Timer(0.3, resource.setrlimit, (resource.RLIMIT_NOFILE, (soft, hard))).start()
    print(client.recv(1))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "b''\nb''\n", done.stderr


def test_a_door_that_is_not_there_closes_the_connection(tmp_path):
    listener = loopback.listen(0)
    threading.Thread(target=loopback.serve, args=(listener, str(tmp_path / "none")), daemon=True).start()
    client = socket.create_connection(listener.getsockname(), timeout=10)
    assert client.recv(1) == b""


def test_the_exit_code_is_the_commands():
    assert run("sh", "-c", "exit 7").returncode == 7
    assert run("sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL


def test_a_command_that_is_not_there_is_told():
    done = run("none-such")
    assert done.returncode == loopback.NOT_STARTED and "none-such: No such file" in done.stderr


def test_who_is_asked_to_end_asks_the_command(tmp_path):
    marker = tmp_path / "up"
    script = f"trap 'exit 3' TERM; touch {marker}; while :; do sleep 0.05; done"
    code = STARTED.format(command=["sh", "-c", script])
    process = subprocess.Popen([sys.executable, "-c", code])
    while not marker.exists():
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=10) == 3


@pytest.mark.parametrize(
    ("module", "more"),
    [(loopback, {"errno", "runpy", "signal", "socket", "sys", "threading", "time"}), (seccomp, FOR_THE_FILTER)],
)
def test_it_needs_nothing_but_an_old_pythons_standard_library(module, more):
    source = Path(module.__file__).read_text()
    lines = {line.split()[1] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert lines == {"os", "__future__", *more}
    compile(source, "loopback.py", "exec", dont_inherit=True)
