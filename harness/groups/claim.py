"""Being the only one at a run: another command, of this machine or of another, may be at work on the same folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterator

from harness.errors import UserError
from harness.results.layout import RunFolder, RunStatus
from harness.sandbox.owner import is_alive, me


@contextlib.contextmanager
def claimed(folder: RunFolder, gone: Collection[str] = ()) -> Iterator[None]:
    """Be the only one that works on a run; raise `UserError` where another one is.

    `gone` are owners that are known to be dead.
    """
    busy = f"another podium is at work on {folder.path}. Wait for its end, or choose another --group"
    descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(busy) from None
        record = folder.read()
        owner = record.owner if record is not None and record.status is RunStatus.RUNNING else me()
        if owner != me() and owner not in gone and is_alive(owner):
            raise UserError(f"{busy}. If {owner} is long gone: rm {folder.record_file}")
        yield
    finally:
        os.close(descriptor)
