"""Which CPUs of a node a run gets, where several runs are on it: each has its own while it lasts, whoever started it.

A cluster places by count and says no numbers; so they are handed out here, by the rules of reservations on one machine.
A run's part is a locked file that names its CPUs. It is free again when the run's process ends, however that ends: an
attempt that is lost can't keep its CPUs, nor give back those of the next. Who finds none free waits, so that runs don't
share any either where a node was stated to have more than it has.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson

from harness.errors import InfrastructureError
from harness.groups.reservations import Demand, Inventory, Reservation, place

MOST_RUNS = 1024
LOOK_SECONDS = 1.0
GATE = "gate.lock"  # whoever has it hands out


@contextmanager
def held(folder: Path, there: Sequence[int], wanted: float, wait: Callable[[float], None]) -> Iterator[tuple[int, ...]]:
    """Hold as many CPUs of `there` as are wanted, and give their numbers; a part of one is shared with other parts.

    While there are none, `wait` is called for the time to wait, and may raise.
    """
    if wanted > len(there):
        raise InfrastructureError(f"a run asks for {wanted:g} CPUs, and this node has {len(there)}")
    folder.mkdir(parents=True, exist_ok=True)
    while (taken := _take(folder, there, wanted)) is None:
        wait(LOOK_SECONDS)
    descriptor, numbers = taken
    try:
        yield numbers
    finally:
        os.close(descriptor)


def sleep_or_say(say: Callable[[str], None], check: Callable[[], None]) -> Callable[[float], None]:
    """What to do while all are taken: say so once, and raise where nobody wants the run any more."""
    said: list[str] = []

    def wait(seconds: float) -> None:
        check()
        if not said:
            said.append("waits for CPUs: other runs have those of this node")
            say(said[0])
        time.sleep(seconds)

    return wait


def _take(folder: Path, there: Sequence[int], wanted: float) -> tuple[int, tuple[int, ...]] | None:
    gate = _opened(folder / GATE)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        mine, others = _looked_up(folder)
        try:
            found = place(Inventory(tuple(there), memory_bytes=0, disk_bytes=0), others, Demand("", wanted, 0, 0))
            if found is not None:
                content = orjson.dumps(found.shares, option=orjson.OPT_NON_STR_KEYS)
                os.pwrite(mine, content, 0)
                os.ftruncate(mine, len(content))
                kept, mine = mine, -1
                return kept, found.cpus
        finally:
            if mine >= 0:
                os.close(mine)
    finally:
        os.close(gate)
    return None


def _looked_up(folder: Path) -> tuple[int, list[Reservation]]:
    """A file that nobody has, locked; and what all others have."""
    free, others = None, []
    for number in range(MOST_RUNS):
        path = folder / f"{number}.lock"
        if free is not None and not path.exists():
            break  # files are never removed, and those that are there have no gaps
        descriptor = _opened(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            shares = {int(cpu): int(share) for cpu, share in orjson.loads(os.pread(descriptor, 1 << 20, 0)).items()}
            others.append(Reservation("", shares, 0, 0))
            os.close(descriptor)
        else:
            if free is None:
                free = descriptor
            else:
                os.close(descriptor)
    assert free is not None, f"{MOST_RUNS} runs on one machine"
    return free, others


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
