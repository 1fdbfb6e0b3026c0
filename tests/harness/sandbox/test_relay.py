"""Both halves of a carried door, with a pipe in the engine's place: what connects inside is connected outside."""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.sandbox import relay as relays
from harness.sandbox.relay import DoorRelay

PROGRAM = Path(__file__).parents[3] / "agent" / "relay.py"


class PipeEngine:
    """Runs an exec's command here, and speaks of its output as an engine does: in pieces, each with its stream."""

    def __init__(self, split=1 << 16):
        self.api = self
        self.split = split
        self.process = None

    def exec_create(self, container, command, **options):
        self.command = command
        return {"Id": "exec"}

    def exec_start(self, made, socket):
        here, there = _pair()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        threading.Thread(target=self._take_in, args=(there,), daemon=True).start()
        threading.Thread(target=self._give_out, args=(there,), daemon=True).start()
        return here

    def _give_out(self, target):
        streams = ((1, self.process.stdout), (2, self.process.stderr))
        passing = [threading.Thread(target=self._pass_on, args=(*each, target), daemon=True) for each in streams]
        for thread in passing:
            thread.start()
        for thread in passing:
            thread.join()
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        target.close()  # what was sent in and not taken is a reset at the other end

    def _take_in(self, source):
        with contextlib.suppress(OSError), self.process.stdin as target:
            while data := source.recv(self.split):
                target.write(data)

    def _pass_on(self, number, stream, target):
        with contextlib.suppress(OSError):
            while data := os.read(stream.fileno(), self.split):
                target.sendall(struct.pack("!BxxxI", number, len(data)) + data)


def _pair():
    return socket.socketpair()


@pytest.fixture
def carried(tmp_path):
    """Doors with an echo at `a.sock`, carried; the folder where they come out."""
    (tmp_path / "door").mkdir()
    (tmp_path / "box").mkdir()
    made, servers = [], []

    def carry(answer, *, split=1 << 16, command=None):
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(tmp_path / "door" / "a.sock"))
        server.listen(600)
        servers.append(server)
        threading.Thread(target=_answering, args=(server, answer), daemon=True).start()
        engine = PipeEngine(split)
        program = command or [sys.executable, "-I", str(PROGRAM), str(tmp_path / "box"), "a.sock"]
        relay = DoorRelay(engine, "container", program, "10002:10001")
        relay.engine = engine
        made.append(relay)
        relay.start(tmp_path / "door", ["a.sock"])
        return relay

    carry.box = tmp_path / "box"
    yield carry
    for relay in made:
        relay.close()
        if relay.engine.process is not None:
            relay.engine.process.kill()
            relay.engine.process.wait()
    for server in servers:
        server.close()


def _answering(server, answer):
    with contextlib.suppress(OSError):
        while True:
            connection, _ = server.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


def echo(connection):
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(1 << 16):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def connect(folder):
    there = socket.socket(socket.AF_UNIX)
    there.settimeout(30)
    there.connect(str(folder / "a.sock"))
    return there


def read_all(connection):
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


@pytest.mark.parametrize("split", [1 << 16, 7])
def test_bytes_arrive_as_they_were_sent_however_the_engine_cuts_them(carried, split):
    carried(echo, split=split)
    sent = os.urandom(300_000 if split > 7 else 20_000)
    with connect(carried.box) as there:
        threading.Thread(target=lambda: (there.sendall(sent), there.shutdown(socket.SHUT_WR)), daemon=True).start()
        assert read_all(there) == sent


def test_many_connections_at_a_time_do_not_mix(carried):
    carried(echo)
    connections = [connect(carried.box) for _ in range(100)]
    for number, one in enumerate(connections):
        one.sendall(b"%05d" % number * 1000)
        one.shutdown(socket.SHUT_WR)
    assert [read_all(one) for one in connections] == [b"%05d" % number * 1000 for number in range(100)]
    for one in connections:
        one.close()


def test_one_that_is_not_read_holds_up_no_other_and_little_is_kept_of_it(carried):
    taken = []

    def endless(connection):
        with connection, contextlib.suppress(OSError):
            if connection.recv(1) == b"e":
                while True:
                    connection.sendall(b"x" * 65536)
                    taken.append(65536)
            echo(connection)

    carried(endless)
    with connect(carried.box) as stuck, connect(carried.box) as other:
        stuck.sendall(b"e")
        before = -1
        while sum(taken) != before:
            before = sum(taken)
            time.sleep(0.2)
        assert before < 20 * relays.WINDOW
        other.sendall(b".hello")
        assert other.recv(100) == b"hello"


def test_the_end_of_one_side_is_the_end_of_the_other(carried):
    gone = threading.Event()

    def wait(connection):
        with connection:
            connection.recv(1)
            if connection.recv(1) == b"":
                gone.set()

    carried(wait)
    there = connect(carried.box)
    there.sendall(b"a")
    there.close()
    assert gone.wait(20)


def test_a_door_without_a_gateway_hangs_up(carried):
    relay = carried(lambda connection: connection.close())
    with connect(carried.box) as there:
        assert there.recv(1) == b""
    assert relay.failed_since is None


def test_a_relay_that_ends_is_told_with_its_words(carried):
    relay = carried(echo)
    relay.engine.process.kill()
    deadline = time.monotonic() + 20
    while relay.failed_since is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "the connection ended" in relay.reason


def test_one_that_can_not_start_is_the_infrastructures_trouble(carried):
    command = [sys.executable, "-c", "import sys; sys.exit('no such folder')"]
    with pytest.raises(InfrastructureError, match="no such folder"):
        carried(echo, command=command)


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack("!IBI", 1, relays.OPEN, 1) + b"\x07",
        struct.pack("!IBI", 1, relays.OPEN, 0),
        struct.pack("!IBI", 1, relays.DATA, 1 << 31),
        b"".join(struct.pack("!IBI", number, relays.OPEN, 1) + b"\0" for number in range(700)),
        (struct.pack("!IBI", 1, relays.OPEN, 1) + b"\0")
        + (struct.pack("!IBI", 1, relays.DATA, 1 << 18) + b"x" * (1 << 18)) * 40,
    ],
)
def test_frames_that_can_not_be_meant_end_it_and_harm_nothing(carried, frame):
    hello = struct.pack("!IBI", 0, relays.HELLO, 0)
    code = f"import sys, time; sys.stdout.buffer.write({hello!r} + bytes.fromhex({frame.hex()!r})); "
    if len(frame) > 100_000:
        code = (
            f"import sys, time; out = sys.stdout.buffer; out.write({hello!r} + {frame[:10]!r})\n"
            f"for _ in range(40): out.write({frame[10:19]!r} + b'x' * (1 << 18))\n"
        )
    code += "\nsys.stdout.flush(); time.sleep(60)"
    refused = ""
    try:
        relay = carried(lambda connection: time.sleep(30), command=[sys.executable, "-c", code])
    except InfrastructureError as error:  # it came before anybody saw that the relay was up
        refused = str(error)
    if refused:
        assert "_Broken" in refused
        return
    deadline = time.monotonic() + 20
    while relay.failed_since is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "_Broken" in relay.reason
