"""Reads and writes .7z archives, which some competitions' data are packed in.

An archive is untrusted: py7zr refuses names that leave the folder, and links out of it; sizes are checked here. A 7z is
compressed as one stream, so it is always unpacked whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from harness.errors import UserError

CHANGED_SECONDS = 315532800  # 1980: the same members make the same archive


def unpack(archive: Path, into: Path) -> None:
    """Unpack everything into the folder; UserError when the archive is broken, unsafe or too large for the disk."""
    import py7zr
    from py7zr.exceptions import ArchiveError

    try:
        with py7zr.SevenZipFile(archive) as packed:
            needed, free = packed.archiveinfo().uncompressed, shutil.disk_usage(into.parent).free
            if needed > free:
                raise UserError(
                    f"raw data: unpacking {archive} takes {needed} bytes, {into} has {free} free; make room"
                )
            packed.extractall(into)
    except (ArchiveError, EOFError, ValueError) as error:
        raise UserError(f"raw data: {archive} is broken: {error}; download it again") from error


def pack(archive: Path, pairs: Iterable[tuple[Path, str]]) -> None:
    """Pack each file under its name, in the order given. The same names and contents make the same bytes."""
    import py7zr
    from py7zr.helpers import ArchiveTimestamp

    archive.parent.mkdir(parents=True, exist_ok=True)
    with py7zr.SevenZipFile(archive, "w") as packed:
        for path, name in pairs:
            with path.open("rb") as content:
                packed.writef(content, name)
        members = packed.header.files_info.files if packed.header.files_info else []
        for member in members:  # py7zr offers no other way to say when they were changed
            for time in ("creationtime", "lastwritetime", "lastaccesstime"):
                member[time] = ArchiveTimestamp.from_datetime(CHANGED_SECONDS)
