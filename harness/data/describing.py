"""Tells what raw and prepared data are: sizes, hashes, and whether they are those that a spec states.

Contents are read once and in threads. Of a raw folder only names, sizes and times are taken: reading a hundred
gigabytes would tell no more about whether somebody changed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.data.manifest import PreparedFile, PreparedFolder, RawFile, Verdict, files_below
from harness.files import sha256_of
from harness.parallel import Track, each, untracked
from harness.specs.competition import Checksums

PIECE = 1 << 20


class Digests(NamedTuple):
    """What one reading of a file tells."""

    bytes: int
    md5: str
    sha256: str


def digests(path: Path) -> Digests:
    """Read a file once."""
    md5, sha256, count = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    piece = bytearray(PIECE)
    with path.open("rb", buffering=0) as file:
        while read := file.readinto(piece):
            some = memoryview(piece)[:read]
            md5.update(some)
            sha256.update(some)
            count += read
    return Digests(count, md5.hexdigest(), sha256.hexdigest())


def describe_raw(paths: Sequence[Path], below: Path, stated_md5: str | None) -> RawFile:
    """Return the record of one entry of raw data, whose names are relative to `below`."""
    if not _is_one_file(paths):
        return _describe_listing(paths, below)
    (path,), now = paths, paths[0].stat()
    if stated_md5 is None:
        return RawFile(bytes=now.st_size, sha256=sha256_of(path), modified_ns=now.st_mtime_ns)
    found = digests(path)
    checksum = _verdict(found.md5, stated_md5)
    return RawFile(bytes=found.bytes, sha256=found.sha256, modified_ns=now.st_mtime_ns, checksum=checksum)


def is_unchanged(known: RawFile, paths: Sequence[Path], below: Path) -> bool:
    """Is this still what was read? A file's time is trusted, else its content decides."""
    if not _is_one_file(paths):
        return _describe_listing(paths, below) == known
    now = paths[0].stat()
    if now.st_size != known.bytes:
        return False
    return now.st_mtime_ns == known.modified_ns or sha256_of(paths[0]) == known.sha256


def describe_prepared(
    made: Path,
    stated: Checksums | None,
    *,
    track: Track = untracked,
    sides: Sequence[str] = ("public", "private"),
) -> tuple[dict[str, PreparedFile], dict[str, PreparedFolder]]:
    """Return the records of a finished folder: files to be told one by one, and the folders beside them."""
    single: list[str] = []
    deep: dict[str, list[str]] = {}
    for side in sides:
        for path in files_below(made / side):
            name = path.relative_to(made).as_posix()
            parts = name.split("/")
            if len(parts) == 2 or (stated is not None and stated.of(name) is not None):
                single.append(name)
            else:
                deep.setdefault("/".join(parts[:2]), []).append(name)
    names = sorted(single) + [name for some in deep.values() for name in some]
    found = dict(
        zip(names, track(each(lambda name: digests(made / name), names), "files hashed", len(names)), strict=True)
    )
    files = {
        name: PreparedFile(
            **found[name]._asdict(), checksum=_verdict(found[name].md5, None if stated is None else stated.of(name))
        )
        for name in sorted(single)
    }
    return files, {folder: _describe_folder(folder, some, found) for folder, some in sorted(deep.items())}


def _describe_folder(folder: str, names: Iterable[str], found: dict[str, Digests]) -> PreparedFolder:
    whole, count, total = hashlib.sha256(), 0, 0
    for name in sorted(names):
        whole.update(f"{name.removeprefix(folder)} {found[name].bytes} {found[name].sha256}\n".encode())
        count, total = count + 1, total + found[name].bytes
    return PreparedFolder(files=count, bytes=total, sha256=whole.hexdigest())


def _describe_listing(paths: Sequence[Path], below: Path) -> RawFile:
    listing = hashlib.sha256()
    total, latest = 0, 0
    for file in sorted(file for path in paths for file in ((path,) if path.is_file() else files_below(path))):
        now = file.stat()
        listing.update(f"{file.relative_to(below).as_posix()} {now.st_size} {now.st_mtime_ns}\n".encode())
        total, latest = total + now.st_size, max(latest, now.st_mtime_ns)
    return RawFile(bytes=total, sha256=listing.hexdigest(), modified_ns=latest)


def _is_one_file(paths: Sequence[Path]) -> bool:
    return len(paths) == 1 and paths[0].is_file()


def _verdict(md5: str, stated: str | None) -> Verdict:
    return "unknown" if stated is None else "match" if stated == md5 else "differs"
