"""Keeps what was unpacked of an archive until it has been used: a call that was interrupted is gone on with.

It is used for the same archive only, told by its path, size and time; that of another one is removed first.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.data.describing import describe_raw
from harness.data.manifest import RawFile
from harness.files import write_atomically


class _Note(BaseModel):
    """Which archive the folder holds, and its record, so that its hash is not worked out again."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: str
    archive: RawFile


@dataclass(frozen=True)
class Kept:
    """A folder for unpacked files, and the record of the archive they come from."""

    folder: Path
    archive: RawFile


@contextmanager
def kept_until_used(archive: Path, place: Path, stated_md5: str | None, say: Callable[[str], None]) -> Iterator[Kept]:
    """Give the folder in `place`; it goes when the block is done, and stays when that failed or was interrupted."""
    note = _note(place, archive)
    if note is None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, mode=0o700)
        note = _Note(path=str(archive.resolve()), archive=describe_raw([archive], archive.parent, stated_md5))
        write_atomically(place / "archive.json", note.model_dump_json().encode())
    folder = place / "files"
    folder.mkdir(exist_ok=True)
    try:
        yield Kept(folder, note.archive)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            _remove(place)
        raise
    except BaseException:
        if any(folder.iterdir()):
            say(f"what was unpacked of {archive.name} is kept for the next call; to free its space: rm -r {place}")
        else:
            _remove(place)
        raise
    _remove(place)


def _note(place: Path, archive: Path) -> _Note | None:
    try:
        note = _Note.model_validate_json((place / "archive.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    now = archive.stat()
    same = (str(archive.resolve()), now.st_size, now.st_mtime_ns)
    return note if same == (note.path, note.archive.bytes, note.archive.modified_ns) else None


def _remove(place: Path) -> None:
    shutil.rmtree(place)
    if not any(place.parent.iterdir()):
        place.parent.rmdir()
