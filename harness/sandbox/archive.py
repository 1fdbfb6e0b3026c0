"""Take one regular file out of the engine's tar stream. The stream's content is the untrusted side's work.

Refused, as an invalid submission: links, devices, pipes, folders, sparse files, other names, more than one member, and
more bytes than allowed. Nothing is ever extracted by a path from the archive.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, cast

from harness.errors import InvalidSubmission

CHUNK = 1 << 20


class Disguised(InvalidSubmission):
    """It is no file: a link, a device, a pipe, a folder, or comes with a name or companions of its own."""


class StreamOf:
    """Reads an iterator of byte chunks like a file; what tarfile needs of one."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = b""

    def read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing > 0:
            if not self._rest:
                self._rest = next(self._chunks, b"")
                if not self._rest:
                    break
            part, self._rest = self._rest[:missing], self._rest[missing:]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


def read_single_file(chunks: Iterable[bytes], name: str, destination: Path, max_bytes: int) -> None:
    """Write the one member `name` to `destination`; raise `InvalidSubmission` for anything else.

    The engine keeps the archive call open until its stream is read or closed, so the stream is closed in any case.
    """
    try:
        _copy(chunks, name, destination, max_bytes)
    except tarfile.TarError as error:
        raise InvalidSubmission(f"{name} could not be read out of the sandbox: {error}") from error
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def _copy(chunks: Iterable[bytes], name: str, destination: Path, max_bytes: int) -> None:
    with tarfile.open(fileobj=cast(IO[bytes], StreamOf(chunks)), mode="r|") as archive:
        member = archive.next()
        if member is None:
            raise Disguised(f"{name} is missing from the engine's archive")
        _check(member, name, max_bytes)
        source = archive.extractfile(member)
        assert source is not None  # a regular member always has content
        with destination.open("wb") as file:
            while chunk := source.read(CHUNK):
                file.write(chunk)
        if destination.stat().st_size != member.size:
            raise InvalidSubmission(f"{name} broke off after {destination.stat().st_size} of {member.size} bytes")
        if archive.next() is not None:
            raise Disguised(f"{name} came with other files beside it")


def _check(member: tarfile.TarInfo, name: str, max_bytes: int) -> None:
    if member.name != name:
        raise Disguised(f"the archive holds {member.name!r}, not {name!r}")
    if member.issym() or member.islnk():
        raise Disguised(f"{name} is a link to {member.linkname!r}; a submission is a file of its own")
    if not member.isreg() or member.issparse():
        raise Disguised(f"{name} is not a regular file (tar type {member.type!r})")
    if member.size > max_bytes:
        raise InvalidSubmission(f"{name} has {member.size:,} bytes; at most {max_bytes:,} are read")
