"""Removes whatever a script left: trees of any depth, width and mode, with few descriptors and no recursion.

Runs with the script's filesystem uid after its processes have ended, so nothing here races with them. What another
uid put into a folder that was open to all may be beyond this uid's rights; that is left and reported.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def empty(folder: Path, keep: Collection[str] = ()) -> None:
    """Remove everything in `folder` but the entries `keep`; what can't be removed raises OSError."""
    with _opened(str(folder), None) as top:
        _plain(top)
        _empty(top, keep)


def sweep(folder: Path, uid: int) -> None:
    """Remove what belongs to `uid` at the top of a folder that all share; what can't be removed raises OSError."""
    failure: OSError | None = None
    with _opened(str(folder), None) as top:
        for name in os.listdir(top):  # noqa: PTH208 - a descriptor
            try:
                if os.stat(name, dir_fd=top, follow_symlinks=False).st_uid == uid:
                    _remove(top, name)
            except FileNotFoundError:
                continue  # others work here too
            except OSError as error:
                failure = error
    if failure is not None:
        raise failure


def _empty(top: int, keep: Collection[str] = ()) -> None:
    """Lift the content of each folder up to the top and remove the folder, so depth never grows beyond two."""
    mark = secrets.token_hex(8)
    lifted = itertools.count()
    while names := [name for name in os.listdir(top) if name not in keep]:
        failures = []
        for name in names:
            try:
                if not _unlinked(top, name):
                    _lift(top, name, (f"{mark}-{number}" for number in lifted))
            except OSError as error:
                failures.append(error)
        if len(failures) == len(names):  # a full disk may refuse one rename and allow it after the next removal
            raise failures[0]


def _lift(top: int, name: str, fresh: Iterator[str]) -> None:
    """Move the folders in folder `name` up to the top, remove its files and itself."""
    with _opened(name, top) as inner:
        _plain(inner)
        for below in os.listdir(inner):  # noqa: PTH208 - a descriptor
            if not _unlinked(inner, below):
                with _opened(below, inner) as moved:
                    os.fchmod(moved, 0o700)  # renaming a folder writes its `..`
                os.rename(below, next(fresh), src_dir_fd=inner, dst_dir_fd=top)
    os.rmdir(name, dir_fd=top)


def _remove(top: int, name: str) -> None:
    if not _unlinked(top, name):
        with _opened(name, top) as inner:
            _plain(inner)
            _empty(inner)
        os.rmdir(name, dir_fd=top)


def _unlinked(parent: int, name: str) -> bool:
    """Unlink `name` unless it is a folder."""
    if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        return False
    os.unlink(name, dir_fd=parent)
    return True


@contextlib.contextmanager
def _opened(name: str, parent: int | None) -> Iterator[int]:
    """Open a folder; one whose owner closed it to itself is opened first."""
    try:
        descriptor = os.open(name, FOLDER, dir_fd=parent)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=parent)
        descriptor = os.open(name, FOLDER, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _plain(folder: int) -> None:
    """Give a folder back its plain mode; access lists left on it would outlive its content."""
    if os.fstat(folder).st_mode & 0o777 != 0o700:
        os.fchmod(folder, 0o700)
    for name in os.listxattr(folder):
        with contextlib.suppress(OSError):  # the kernel's own attributes can't be removed, nor did the script set them
            os.removexattr(folder, name)
