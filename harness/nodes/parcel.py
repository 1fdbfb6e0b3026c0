"""A run's folder on its way from a node to the coordinator: one compressed stream, read as untrusted input.

The node is trusted, but most of what it sends was written by an agent: names, sizes and kinds of entries are believed
no further than here. Refused: links, devices, anything that is neither file nor folder, names that could lead out of
the folder, a name twice, more files or bytes than allowed, and the files that only the coordinator writes. Nothing is
extracted by a path from the stream, and a parcel that is refused leaves nothing.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from harness.errors import InfrastructureError
from harness.results.layout import is_name
from harness.sandbox.archive import CHUNK, StreamOf
from harness.untrusted import one_line

# Grades, and what was set aside, are the coordinator's own.
ATTEMPTS = "attempts"
NEVER_FROM_A_NODE = frozenset(("grade.json", "grades", "node_grades.json", "gradings.jsonl", ATTEMPTS))
DEEPEST = 8


class ParcelRefused(InfrastructureError):
    """What a node sent is not a run's folder; nothing of it was kept."""


@dataclass(frozen=True)
class Bounds:
    """How much a parcel may hold when it is unpacked."""

    files: int = 200_000
    file_bytes: int = 4 << 30
    bytes: int = 16 << 30


def pack(folder: Path, parcel: Path) -> None:
    """Write every plain file of a run's folder into one compressed file; links and earlier attempts are left out."""
    with tarfile.open(parcel, "w:gz", compresslevel=1, format=tarfile.PAX_FORMAT) as archive:
        for root, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if (root, name) != (str(folder), ATTEMPTS))
            for name in sorted(names):
                path = Path(root, name)
                if path.is_file() and not path.is_symlink():
                    entry = archive.gettarinfo(path, path.relative_to(folder).as_posix())
                    entry.uid = entry.gid = 0
                    entry.uname = entry.gname = ""
                    entry.type, entry.linkname = tarfile.REGTYPE, ""  # two names of one file are two files
                    entry.size = path.stat().st_size
                    with path.open("rb") as content:
                        archive.addfile(entry, content)


def unpack(chunks: Iterable[bytes], target: Path, bounds: Bounds = Bounds()) -> None:
    """Make the folder `target`, which must not exist, of a parcel; raise `ParcelRefused` with the reason."""
    target.mkdir(parents=True)
    try:
        with tarfile.open(fileobj=cast(IO[bytes], StreamOf(chunks)), mode="r|gz") as archive:
            _unpack(archive, target, bounds)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ParcelRefused(f"what came from the node can't be read: {one_line(str(error))}") from error
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _unpack(archive: tarfile.TarFile, target: Path, bounds: Bounds) -> None:
    files = total = 0
    for entry in archive:
        parts = _checked(entry)
        files, total = files + 1, total + entry.size
        if files > bounds.files:
            raise ParcelRefused(f"the node sent more than {bounds.files:,} files")
        if entry.size > bounds.file_bytes or total > bounds.bytes:
            raise ParcelRefused(f"the node sent more than is taken: {one_line(entry.name)} has {entry.size:,} bytes")
        _write(archive, entry, target.joinpath(*parts))
        archive.members = []  # type: ignore[attr-defined]  # else it remembers every entry that it saw


def _checked(entry: tarfile.TarInfo) -> list[str]:
    name = one_line(entry.name, 200)
    if not entry.isreg() or entry.issparse():
        raise ParcelRefused(f"the node sent {name!r}, which is no plain file (tar type {entry.type!r})")
    parts = entry.name.split("/")
    if len(parts) > DEEPEST or not all(map(is_name, parts)):
        raise ParcelRefused(f"the node sent a file with a name that no run has: {name!r}")
    if parts[0] in NEVER_FROM_A_NODE:
        raise ParcelRefused(f"the node sent {name!r}, which the coordinator alone writes")
    return parts


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> None:
    source = archive.extractfile(entry)
    assert source is not None  # a regular entry has content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        raise ParcelRefused(f"the node sent {one_line(entry.name)!r} twice, or as file and folder") from None
    with os.fdopen(descriptor, "wb") as file:
        written = 0
        while chunk := source.read(CHUNK):
            written += len(chunk)
            file.write(chunk)
    if written != entry.size:
        raise ParcelRefused(f"{one_line(entry.name)!r} broke off after {written:,} of {entry.size:,} bytes")
