"""Processes that read a group's runs beside this one, where there are many: each `python -m harness.results.readers`.

They are not multiprocessing's: that starts the calling program again in each process, which a script that uses Podium
may not stand, and imports with it much that reading does not need. One that ends early costs time, and loses nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.results.reading import read_many

if TYPE_CHECKING:
    from harness.results.row import Row

PIPE_BYTES = 1 << 20  # two batches: a reader goes on while the other one's rows are taken in


def read_beside(group: str, batches: Sequence[Sequence[str]], processes: int) -> Iterator[list[Row | str]]:
    """Yield what `read_many` finds of each batch, in their order. What a process owes that has ended is read here."""
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(_reader()) for _ in range(processes)]
        for number, reader in enumerate(readers):
            _order(reader, group, batches[number::processes])
        for number, batch in enumerate(batches):
            found = _next(readers[number % processes])
            yield read_many(group, batch) if found is None else found


@contextlib.contextmanager
def _reader() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "harness.results.readers"]
    package = Path(__file__).parents[2]  # the same code, and no other folder's
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=package) as process:
        try:
            with contextlib.suppress(OSError):  # a smaller pipe does, too
                fcntl.fcntl(_out(process), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            yield process
        finally:
            process.kill()
            with contextlib.suppress(BrokenPipeError):  # what it did not take
                _in(process).close()


def _order(reader: subprocess.Popen[bytes], group: str, batches: Sequence[Sequence[str]]) -> None:
    with contextlib.suppress(BrokenPipeError):  # it has ended: seen when it is asked for rows
        pickle.dump((group, batches), _in(reader))
        _in(reader).flush()


def _next(reader: subprocess.Popen[bytes]) -> list[Row | str] | None:
    """The next batch of a reader; None when it has ended."""
    try:
        found: list[Row | str] = pickle.load(_out(reader))  # noqa: S301 - a process of ours wrote it
    except (EOFError, pickle.UnpicklingError):
        return None
    return found


def _in(reader: subprocess.Popen[bytes]) -> IO[bytes]:
    assert reader.stdin is not None
    return reader.stdin


def _out(reader: subprocess.Popen[bytes]) -> IO[bytes]:
    assert reader.stdout is not None
    return reader.stdout


def main() -> None:
    """Take a group's path and batches of names from standard input; write what is found of each to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    gc.disable()
    group, batches = pickle.load(sys.stdin.buffer)  # noqa: S301 - the process that started this one wrote it
    for batch in batches:
        pickle.dump(read_many(group, batch), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
