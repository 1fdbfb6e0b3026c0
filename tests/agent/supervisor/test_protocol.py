"""The parser between the agent and root: an exact job passes, everything else is refused without side effects."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.supervisor import protocol
from agent.supervisor.protocol import Closed, Job, Malformed, encode, read_job, receive, send

GOOD: dict[str, Any] = {
    "sequence": 1,
    "timeout_seconds": 3600,
    "memory_bytes": 2**30,
    "output_bytes": 100_000,
    "file_bytes": 2**30,
    "cpus": [0, 1],
    "inputs": ["n0001.csv"],
    "sampled": False,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def message(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_a_job_comes_back_as_it_was_encoded() -> None:
    job = Job(3, 1.5, 2**30, 1000, 2**20, (0, 5), ("n0001.csv", "n0002.csv"), sampled=True)
    assert read_job(encode(job)) == job


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_key_is_refused(name: str) -> None:
    with pytest.raises(Malformed, match=name):
        read_job(json.dumps({key: value for key, value in GOOD.items() if key != name}).encode())


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(Malformed, match="command"):
        read_job(message(command="rm"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sequence", 0),
        ("sequence", True),
        ("sequence", 1.0),
        ("sequence", "1"),
        ("sequence", 2**60),
        ("timeout_seconds", 0),
        ("timeout_seconds", -1),
        ("timeout_seconds", True),
        ("timeout_seconds", 1e300),
        ("timeout_seconds", None),
        ("memory_bytes", 0),
        ("output_bytes", 2**40),
        ("file_bytes", -1),
        ("cpus", None),
        ("cpus", "01"),
        ("cpus", {}),
        ("cpus", [True]),
        ("cpus", [-1]),
        ("cpus", [0.5]),
        ("cpus", [9000]),
        ("cpus", [[0]]),
        ("cpus", [0] * 1025),
        ("inputs", None),
        ("inputs", "n0001.csv"),
        ("inputs", {"n0001.csv": 1}),
        ("inputs", [1]),
        ("inputs", [""]),
        ("inputs", [".."]),
        ("inputs", ["../solution.py"]),
        ("inputs", ["/etc/passwd"]),
        ("inputs", [".hidden"]),
        ("inputs", ["a\u0000b"]),
        ("inputs", ["a\n"]),
        ("inputs", ["A.csv"]),
        ("inputs", ["a" * 80]),
        ("inputs", ["a.csv", "a.csv"]),
        ("inputs", [f"n{number}.csv" for number in range(33)]),
        ("sampled", None),
        ("sampled", 1),
        ("sampled", "/etc"),
    ],
)
def test_a_value_out_of_type_or_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(Malformed, match=name):
        read_job(message(**{name: value}))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'"' + b"a" * 20_000 + b'"',
        b"[" * 8000,
        message().replace(b"3600", b"NaN"),
        message().replace(b"3600", b"Infinity"),
        message().replace(b"3600", b"1e999"),
        message().replace(b'"sequence": 1,', b'"sequence": 1, "sequence": 2,'),
        message().replace(b"1,", b"1" * 5000 + b","),
        message() + b"x",
        "{\u201csequence\u201d: 1}".encode(),
    ],
)
def test_what_is_not_exactly_one_ascii_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_job(raw)


@given(st.binary(max_size=600))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_job(raw)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, JSON)))
def test_any_json_in_any_field_is_a_job_within_limits_or_refused(changes: dict[str, Any]) -> None:
    raw = json.dumps({**GOOD, **changes}).encode()
    try:
        job = read_job(raw)
    except Malformed:
        return
    assert type(job.sequence) is int and 1 <= job.sequence <= 2**53
    assert type(job.timeout_seconds) is float and 0 < job.timeout_seconds <= protocol.LONGEST_SECONDS
    assert all(type(cpu) is int and 0 <= cpu <= 8191 for cpu in job.cpus)
    for name, (low, high) in protocol.RANGES.items():
        assert low <= getattr(job, name) <= high


@pytest.fixture
def lines() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        yield here, there


def test_descriptors_travel_with_their_message(lines: tuple[socket.socket, socket.socket]) -> None:
    reading, writing = os.pipe()
    send(lines[0], b"take", [writing])
    os.close(writing)
    content, (received,) = receive(lines[1], most_descriptors=1)
    os.write(received, b"through")
    assert (content, os.read(reading, 100)) == (b"take", b"through")
    assert not os.get_inheritable(received)
    protocol.close([reading, received])


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_more_descriptors_than_agreed_are_refused_and_none_stays_open(
    lines: tuple[socket.socket, socket.socket], count: int
) -> None:
    with Path(os.devnull).open() as null:
        send(lines[0], b"take", [null.fileno()] * count)
        before = open_descriptors()
        with pytest.raises(Malformed):
            receive(lines[1], most_descriptors=0)
        assert open_descriptors() == before


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_a_longer_message_than_agreed_is_refused(lines: tuple[socket.socket, socket.socket]) -> None:
    lines[0].send(b"x" * (protocol.MESSAGE_BYTES + 1))
    with pytest.raises(Malformed):
        receive(lines[1])


def test_the_other_s_end_is_told_from_a_message(lines: tuple[socket.socket, socket.socket]) -> None:
    send(lines[0], b"last")
    lines[0].close()
    assert receive(lines[1]) == (b"last", [])
    with pytest.raises(Closed):
        receive(lines[1])
    with pytest.raises(Closed):
        send(lines[1], b"anybody?")
