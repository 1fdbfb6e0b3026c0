"""A slot's folder before, between and after runs. Every function here acts with the candidate's filesystem uid.

The layout is aideml's, so the same script runs in both: `input/`, `working/`, and `solution.py` beside them. A script
that builds on others' predictions finds copies of these in `earlier/`.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.supervisor import collect, wipe
from agent.supervisor.identity import files_of
from agent.supervisor.places import Ground, Slot
from agent.supervisor.protocol import PREDICTIONS

EARLIER = "earlier"  # read-only copies of files that earlier scripts of the run made


@dataclass(frozen=True)
class Usage:
    """What a slot's folder holds."""

    bytes: int
    files: int


def lay_out(slot: Slot, data: Path, code: bytes) -> None:
    """Make the folder as a script finds it."""
    with files_of(slot.identity):
        wipe.empty(slot.folder)
        (slot.folder / "solution.py").write_bytes(code)
        (slot.folder / "input").symlink_to(data)
        (slot.folder / "working").mkdir(mode=0o700)
        (slot.folder / "tmp").mkdir(mode=0o700)


def lay_out_inputs(slot: Slot, inputs: Mapping[str, int], limit_bytes: int) -> None:
    """Copy what earlier scripts made into `earlier/`, from open descriptors; raise OSError where one is too large.

    Copies, since the script could change the mode of what it owns: it can spoil nothing but its own view.
    """
    if not inputs:
        return
    folder = slot.folder / EARLIER
    with files_of(slot.identity):
        folder.mkdir(mode=0o700)
        for name, source in inputs.items():
            size = os.fstat(source).st_size
            if size > limit_bytes:
                raise OSError(errno.EFBIG, f"{name} has {size} bytes; {limit_bytes} are allowed")
            target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
            try:
                os.lseek(source, 0, os.SEEK_SET)
                collect.copy(source, target)
            finally:
                os.close(target)
        folder.chmod(0o500)


def keep_results(slot: Slot) -> None:
    """Remove everything but the results in `working/`: on a full disk, they and the output need the room."""
    with files_of(slot.identity):
        wipe.empty(slot.folder, keep=("working",))
        with contextlib.suppress(OSError):  # the script may have put anything in the folder's place; `clear` removes it
            wipe.empty(slot.folder / "working", keep=(collect.SUBMISSION, *PREDICTIONS))


def sweep_shared(slot: Slot, ground: Ground) -> list[str]:
    """Remove the slot's files where all may write; what could not be removed.

    A folder there that its owner opened to others may hold what only another uid can remove. It stays, and takes its
    part of a small file system; it is no reason to lose the script's own outcome.
    """
    left = []
    with files_of(slot.identity):
        for shared in (*ground.shared, ground.queues):
            try:
                wipe.sweep(shared, slot.identity.uid)
            except FileNotFoundError:
                continue
            except OSError as error:
                left.append(f"{shared}: {error}")
    return left


def take(slot: Slot, name: str, into: int, limit_bytes: int) -> tuple[int | None, str | None]:
    """Copy a result from `working/` into a descriptor; its size, or why there is none.

    Opened as the candidate, so nothing beyond its rights is read; written as root, for whom a file system keeps a
    reserve.
    """
    try:
        with files_of(slot.identity):
            source = collect.open_result(slot.folder, limit_bytes, name)
    except collect.Refused as error:
        return None, str(error)
    try:
        return collect.copy(source, into), None
    finally:
        os.close(source)


def clear(slot: Slot) -> None:
    """Leave nothing to the next script."""
    with files_of(slot.identity):
        wipe.empty(slot.folder)


def usage(slot: Slot, most_files: int = 200_000) -> Usage:
    """What the folder takes on the disk; counting stops at `most_files`, which is then the answer."""
    total = files = 0
    waiting = [str(slot.folder)]
    with files_of(slot.identity):
        while waiting and files <= most_files:
            with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return Usage(total, files)
