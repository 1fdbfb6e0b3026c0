"""The messages between the parts of the box: small JSON over a packet socket, descriptors beside it.

`read_job` is the boundary between the agent, which is not trusted, and a process that holds root: exact keys, exact
types, ranges, a size. It never sees a path: the agent passes open descriptors. Nothing here opens or runs anything.
"""

from __future__ import annotations

import array
import json
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

MESSAGE_BYTES = 16384
PREDICTIONS = ("oof.csv", "test.csv")  # what a script may leave in `working/` beside its submission
JOB_DESCRIPTORS = 3 + len(
    PREDICTIONS
)  # code to read; output, submission and these to write; each input to read follows
MOST_INPUTS = 32
INPUT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}(\.[a-z0-9]{1,8})?", re.ASCII)

Outcome = Literal["ok", "failed", "timed_out", "out_of_memory", "output_limit", "killed", "not_run"]


class Malformed(Exception):
    """A message that is not exactly what was agreed; the text says in what."""


class Closed(Exception):
    """The other end is gone."""


@dataclass(frozen=True)
class Job:
    """Run one script under these limits. Its code and the files for its results are descriptors beside the message.

    `inputs` names files that the script finds in `earlier/`; their descriptors follow in the same order. `sampled`: its
    `input/` is the agent's small copy of the data.
    """

    sequence: int
    timeout_seconds: float
    memory_bytes: int
    output_bytes: int
    file_bytes: int
    cpus: tuple[int, ...]
    inputs: tuple[str, ...] = ()
    sampled: bool = False


@dataclass(frozen=True)
class Report:
    """How a job ended. `sequence` 0 means that the keeper was replaced and whatever ran is lost."""

    sequence: int
    outcome: Outcome
    exit_code: int | None = None
    signal: int | None = None
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    output_bytes: int = 0
    dropped_bytes: int = 0
    submission_bytes: int | None = None
    submission_problem: str | None = None
    predictions: tuple[str, ...] = ()
    warm_start: bool = False
    problem: str | None = None


RANGES: dict[str, tuple[int, int]] = {
    "sequence": (1, 2**53),
    "memory_bytes": (2**20, 2**50),
    "output_bytes": (2, 2**26),
    "file_bytes": (1, 2**50),
}
LONGEST_SECONDS = 30 * 24 * 3600.0
MOST_CPUS = 1024


def read_job(message: bytes) -> Job:
    """Parse and check what the agent sent; anything else than an exact job raises `Malformed`."""
    raw = _json_object(message)
    expected = set(Job.__dataclass_fields__)
    if raw.keys() != expected:
        raise Malformed(f"keys {sorted(raw.keys() ^ expected)[:5]} are missing or unknown")
    for name, (low, high) in RANGES.items():
        _check_int(name, raw[name], low, high)
    seconds, cpus = raw["timeout_seconds"], raw["cpus"]
    if type(seconds) not in (int, float) or not 0 < seconds <= LONGEST_SECONDS:
        raise Malformed(f"timeout_seconds is not between 0 and {LONGEST_SECONDS:.0f}")
    if type(cpus) is not list or len(cpus) > MOST_CPUS:
        raise Malformed(f"cpus is not a list of at most {MOST_CPUS}")
    for cpu in cpus:
        _check_int("cpus", cpu, 0, 8191)
    if type(raw["sampled"]) is not bool:
        raise Malformed("sampled is not true or false")
    inputs = _names(raw["inputs"])
    return Job(**{**raw, "cpus": tuple(cpus), "inputs": inputs, "timeout_seconds": float(seconds)})


def _names(raw: object) -> tuple[str, ...]:
    """File names that can be nothing but an entry of one folder, each once."""
    if type(raw) is not list or len(raw) > MOST_INPUTS:
        raise Malformed(f"inputs is not a list of at most {MOST_INPUTS}")
    for name in raw:
        if type(name) is not str or not INPUT_NAME.fullmatch(name):
            raise Malformed("inputs holds what is no plain file name in lower case")
    if len(set(raw)) != len(raw):
        raise Malformed("inputs holds a name twice")
    return tuple(raw)


def _json_object(message: bytes) -> dict[str, Any]:
    if len(message) > MESSAGE_BYTES:
        raise Malformed(f"more than {MESSAGE_BYTES} bytes")
    try:
        raw = json.loads(message.decode("ascii"), parse_constant=_refuse, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise Malformed("not a JSON object in ASCII") from None
    if type(raw) is not dict:
        raise Malformed("not a JSON object")
    return raw


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _check_int(name: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:  # bool is an int to isinstance
        raise Malformed(f"{name} is not an integer between {low} and {high}")


def encode(message: Job | Report) -> bytes:
    """The bytes of a message."""
    return json.dumps(asdict(message), separators=(",", ":")).encode()


def send(line: socket.socket, message: bytes, descriptors: Sequence[int] = ()) -> None:
    """Send one packet; descriptors are duplicated into the receiver."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    try:
        line.sendmsg([message], rights, socket.MSG_NOSIGNAL)
    except (BrokenPipeError, ConnectionResetError):
        raise Closed from None


def receive(line: socket.socket, most_descriptors: int = 0) -> tuple[bytes, list[int]]:
    """Receive one packet and its descriptors, which the caller closes; a wrong packet leaves none open."""
    space = socket.CMSG_SPACE(max(1, most_descriptors) * array.array("i").itemsize)
    try:
        message, ancillary, flags, _ = line.recvmsg(MESSAGE_BYTES, space, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        raise Closed from None
    descriptors = [fd for _, _, data in ancillary for fd in array.array("i", data[: len(data) // 4 * 4])]
    if not message and not descriptors:
        raise Closed
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(descriptors) > most_descriptors:
        close(descriptors)
        raise Malformed("a longer message or more descriptors than agreed")
    return message, descriptors


def close(descriptors: Sequence[int]) -> None:
    """Close what `receive` gave."""
    for descriptor in descriptors:
        os.close(descriptor)
