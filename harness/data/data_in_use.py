"""Prepared data are not taken away under a run: those who use them share them, who replaces them must be alone.

A claim ends with its process, however that ends. It holds between the processes of one machine.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from harness.data.manifest import MANIFEST_NAME, Manifest, Prepared
from harness.errors import UserError


@contextmanager
def in_use(prepared: Prepared) -> Iterator[None]:
    """Keep the data as they are; raise `UserError` where they are no longer those that were found."""
    gone = (
        f"the data in {prepared.folder} are no longer those that this command found ({prepared.manifest.source}): "
        f"another one prepared them anew. Run it again, or first: podium prepare {prepared.manifest.competition}"
    )
    try:
        descriptor = os.open(prepared.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise UserError(gone) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if _fingerprint(prepared.folder) != prepared.manifest.fingerprint:
            raise UserError(gone)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def replaceable(folder: Path) -> Iterator[None]:
    """Be the only one at prepared data, if there are any; raise `UserError` while a run uses them."""
    if not folder.is_dir():
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock_alone(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock_alone(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(
            f"the data in {folder} are in use by a run and can't be replaced now. Wait for its end, or use another "
            "place: PODIUM_HOME=FOLDER"
        ) from None


def _fingerprint(folder: Path) -> str | None:
    try:
        return Manifest.model_validate_json((folder / MANIFEST_NAME).read_bytes()).fingerprint
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
