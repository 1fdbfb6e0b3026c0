"""What the gateway costs: milliseconds a call, calls a second, and memory under many slow streams.

Three processes as in a run: a fake provider on loopback, the gateway (with its transcript on), and a raw keep-alive
client that stands for the container. Direct calls, and those through gateways that keep their account's pace each in
its way, alternate one by one, so that the machine's mood hits all alike. Prints figures; judges nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import selectors
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import orjson

from harness.contract import SOCKET_NAME, CheckReply
from harness.gateway.budget import Budget
from harness.gateway.pace import RateLimits
from harness.gateway.pacing import Pace, Paces, Turn
from harness.gateway.prices import FreePrices, TokenUsage
from harness.gateway.providers.fake import FakeProvider, Say
from harness.gateway.providers.upstream import Account, Upstream
from harness.gateway.retry import Timing
from harness.gateway.server import Gateway
from harness.gateway.waits import Deadline

PROMPT_BYTES = 16 * 1024
CALLS = 400
CONNECTIONS = 8
STREAMS = 64
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Place:
    """Where a raw client connects: a port of loopback, or a Unix socket."""

    port: int = 0
    path: str = ""

    def connect(self) -> socket.socket:
        if self.path:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.connect(self.path)
        else:
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def request_bytes(prompt_bytes: int, *, stream: bool = False) -> bytes:
    """A chat completion as it goes over the wire; the prompt is this file, over and over: prose, code and numbers."""
    text = Path(__file__).read_text(encoding="utf-8")
    prompt = (text * (prompt_bytes // len(text) + 1))[:prompt_bytes]
    body = orjson.dumps(
        {
            "model": "fake",
            "messages": [{"role": "user", "content": prompt}],
            "max_completion_tokens": 1024,
            "stream": stream,
        }
    )
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def call(connection: socket.socket, request: bytes) -> None:
    """One plain call on a kept connection; raises unless it was answered with 200."""
    connection.sendall(request)
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise RuntimeError(received.decode(errors="replace"))
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)


def alternate(places: Sequence[Place], calls: int) -> list[list[float]]:
    """Seconds of single calls to each place, in turn, there and back: none always comes after the same one."""
    request = request_bytes(PROMPT_BYTES)
    seconds: list[list[float]] = [[] for _ in places]
    there = list(zip([place.connect() for place in places], seconds, strict=True))
    for turn in range(calls + 20):
        for connection, found in there if turn % 2 else reversed(there):
            started = time.perf_counter()
            call(connection, request)
            if turn >= 20:
                found.append(time.perf_counter() - started)
    return seconds


def calls_a_second(place: Place, calls: int) -> float:
    """Throughput over `CONNECTIONS` kept connections."""
    request = request_bytes(PROMPT_BYTES)

    def work(connection: socket.socket) -> None:
        for _ in range(calls // CONNECTIONS):
            call(connection, request)

    connections = [place.connect() for _ in range(CONNECTIONS)]
    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(work, connections))
    return calls / (time.perf_counter() - started)


def read_streams(place: Place) -> int:
    """Open `STREAMS` streams at once and read all to their ends; returns the bytes received."""
    connections = [place.connect() for _ in range(STREAMS)]
    request = request_bytes(1024, stream=True)
    for connection in connections:
        connection.sendall(request)
    total, tails = 0, dict.fromkeys(connections, b"")
    with selectors.DefaultSelector() as open_ones:
        for connection in connections:
            open_ones.register(connection, selectors.EVENT_READ)
        while open_ones.get_map():
            for ready, _ in open_ones.select():
                connection = next(one for one in connections if one.fileno() == ready.fd)
                received = connection.recv(65536)
                if not received:
                    raise RuntimeError("a stream broke off")
                total += len(received)
                tails[connection] = (tails[connection] + received)[-5:]
                if tails[connection] == b"0\r\n\r\n":
                    open_ones.unregister(connection)
    return total


def resident_bytes() -> int:
    """This process's resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


class Watch:
    """Samples this process's memory while something runs."""

    def __enter__(self) -> Watch:
        self.samples: list[int] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(0.1):
            self.samples.append(resident_bytes())


def _serve_fake(say: Say, pipe: Connection) -> None:
    with FakeProvider(otherwise=say) as fake:
        pipe.send(fake.base_url)
        pipe.recv()


@contextmanager
def fake_provider(say: Say) -> Iterator[str]:
    """A fake provider in a process of its own; gives its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve_fake, args=(say, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


class Unpaced(Pace):
    """Lets every call go at once and counts none: the gateway as it would be without a pace."""

    async def turn(self, run: str, most: TokenUsage, timing: Timing, deadline: Deadline) -> Turn | None:
        """Leave to send."""
        return Turn(timing.monotonic())


class NoPaces(Paces):
    """No account has a pace."""

    def of(self, account: str) -> Pace:
        """One that lets everything go."""
        return Unpaced()


def all_paces(folder: Path) -> dict[str, Paces]:
    """The ways to keep a pace: none at all, as every command has it, and with limits that nobody reaches."""
    return {
        "without a pace": NoPaces(),
        "with the shared pace": Paces(folder=folder / "shared"),
        "with stated limits": Paces(RateLimits(1e9, 1e12), folder / "stated"),
    }


@contextmanager
def both_ways(say: Say, ways: Iterable[Paces]) -> Iterator[tuple[Place, list[Place]]]:
    """The fake provider and, in front of it, gateways in this process."""
    with tempfile.TemporaryDirectory() as folder, fake_provider(say) as address, ExitStack() as stack:
        doors = []
        for number, paces in enumerate(ways):
            door = Path(folder, f"door{number}")
            door.mkdir()
            account = Account("compatible", address, "key-of-the-benchmark")
            gateway = Gateway(
                door=door,
                run_folder=Path(folder, f"run{number}"),
                provider=Upstream(account, frozenset({"fake"}), FreePrices()),
                budget=Budget(usd=1000.0),
                checker=lambda _: CheckReply(valid=True),
                deadline_seconds=3600,
                paces=paces,
            )
            stack.enter_context(gateway)
            doors.append(Place(path=str(door / SOCKET_NAME)))
        yield Place(port=int(address.rsplit(":", 1)[1].split("/")[0])), doors


def main(say: Callable[[str], None] = print) -> None:
    """Measure and print."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as client, tempfile.TemporaryDirectory() as folder:
        ways = all_paces(Path(folder))
        with both_ways(Say(text="x" * 2000), ways.values()) as (direct, gateways):
            alone, *through = client.submit(alternate, [direct, *gateways], CALLS).result()
            rates = [client.submit(calls_a_second, place, 2400).result() for place in (direct, gateways[1])]
        say(f"gateway, one call:     {statistics.median(alone) * 1000:.2f} ms direct; of {CALLS} calls each, in turn,")
        unpaced, *_ = through
        for name, seconds in zip(ways, through, strict=True):
            added = [(late - early) * 1000 for early, late in zip(alone, seconds, strict=True)]
            pace = statistics.median(late - early for early, late in zip(unpaced, seconds, strict=True))
            say(f"    {name}: {statistics.median(added):.2f} ms added (≤ 3), {pace * 1e6:+.0f} µs by the pace")
        say(
            f"gateway, {CONNECTIONS} clients:    {rates[0]:.0f} calls/s direct, {rates[1]:.0f} through it "
            f"(≥ 300), ratio {rates[1] / rates[0]:.2f}, prompts of {PROMPT_BYTES // 1024} KB"
        )
        slow = Say(text="x" * 120_000, pause_seconds=0.02)
        with both_ways(slow, [Paces(folder=Path(folder))]) as (_, (gateway,)), Watch() as watch:
            received = client.submit(read_streams, gateway).result()
        quarter, three_quarters = (watch.samples[len(watch.samples) * part // 4] for part in (1, 3))
        say(
            f"gateway, {STREAMS} streams:   {received / 1e6:.1f} MB relayed, memory {quarter / 1e6:.1f} MB after a "
            f"quarter, {three_quarters / 1e6:.1f} MB after three (ratio {three_quarters / quarter:.2f}), "
            f"{max(watch.samples) / 1e6:.1f} MB when they end and are recorded"
        )


if __name__ == "__main__":
    main()
