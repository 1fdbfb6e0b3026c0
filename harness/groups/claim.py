"""Being the only one at a run: another command, of this machine or of another, may be at work on the same folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from harness.errors import UserError
from harness.results.layout import RunFolder, RunStatus
from harness.sandbox.owner import is_alive, me


@contextlib.contextmanager
def claimed(folder: RunFolder) -> Iterator[None]:
    """Be the only one that works on a run; raise `UserError` where another one is."""
    busy = f"another podium is at work on {folder.path}. Wait for its end, or choose another --group"
    descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(busy) from None
        record = folder.read()
        if record is not None and record.status is RunStatus.RUNNING and _is_of_another(record.owner):
            raise UserError(f"{busy}. If {record.owner} is long gone: rm {folder.record_file}")
        yield
    finally:
        os.close(descriptor)


def _is_of_another(owner: str) -> bool:
    return owner != me() and is_alive(owner)
