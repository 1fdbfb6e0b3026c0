"""What prepared data look like on disk: `<data>/<id>/{public,private,manifest.json}`, and how to find them.

This module reads; `prepare.py` makes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.competition import Competition

MANIFEST_NAME = "manifest.json"
SAMPLE_NAME = "sample_submission.csv"  # beside the manifest: plain, whatever the public one is called or packed in
Origin = Literal["kaggle", "raw", "bundled", "stand-in"]
Verdict = Literal["match", "differs", "unknown"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PreparedFile(_Kept):
    """One prepared file; `checksum` compares it with the MD5 that the spec states."""

    bytes: int
    md5: str
    sha256: str
    checksum: Verdict


class RawFile(_Kept):
    """One raw file or archive as it was read; size and time spare the next call the hashing."""

    bytes: int
    sha256: str
    modified_ns: int
    checksum: Verdict = "unknown"


class Manifest(_Kept):
    """`manifest.json`: what was prepared, from what, with what."""

    schema_version: Literal[1] = 1
    competition: str
    edition: str
    source: Origin
    stand_in: bool
    recipe: str
    raw_path: str | None
    raw: dict[str, RawFile]
    files: dict[str, PreparedFile]
    versions: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """Hash over the prepared files' contents: equal data, equal fingerprint."""
        lines = sorted(f"{name} {file.sha256}" for name, file in self.files.items())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Prepared:
    """A competition's data on disk."""

    folder: Path
    manifest: Manifest

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def private(self) -> Path:
        return self.folder / "private"

    @property
    def sample(self) -> Path:
        return self.folder / SAMPLE_NAME


def folder_of(competition: Competition, data_home: Path, edition: str | None = None) -> Path:
    """Return where the competition's data lie; editions other than the default one have a folder of their own."""
    name, _ = competition.edition(edition)
    return data_home / (competition.id if name == competition.default_edition else f"{competition.id}@{name}")


def find(competition: Competition, data_home: Path, *, edition: str | None = None) -> Prepared | None:
    """Return what is prepared, or None when nothing (readable and whole) is there."""
    folder = folder_of(competition, data_home, edition)
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    whole = all(_size(folder / name) == file.bytes for name, file in manifest.files.items())
    return Prepared(folder, manifest) if whole else None


def describe_raw(paths: Sequence[Path], below: Path, stated_md5: str | None) -> RawFile:
    """Return the record of one entry: a file, or all files of folders and patterns, told by names, sizes and times."""
    if not _is_one_file(paths):
        return _describe_listing(paths, below)
    (path,) = paths
    now = path.stat()
    checksum: Verdict = "unknown"
    if stated_md5 is not None:
        checksum = "match" if digest(path, "md5") == stated_md5 else "differs"
    return RawFile(bytes=now.st_size, sha256=digest(path, "sha256"), modified_ns=now.st_mtime_ns, checksum=checksum)


def is_unchanged(known: RawFile, paths: Sequence[Path], below: Path) -> bool:
    """Is this still what was read? A file's time is trusted, else its content decides."""
    if not _is_one_file(paths):
        return _describe_listing(paths, below) == known
    now = paths[0].stat()
    if now.st_size != known.bytes:
        return False
    return now.st_mtime_ns == known.modified_ns or digest(paths[0], "sha256") == known.sha256


def _is_one_file(paths: Sequence[Path]) -> bool:
    return len(paths) == 1 and paths[0].is_file()


def _describe_listing(paths: Sequence[Path], below: Path) -> RawFile:
    listing = hashlib.sha256()
    total, latest = 0, 0
    for file in sorted(file for path in paths for file in ((path,) if path.is_file() else files_below(path))):
        now = file.stat()
        listing.update(f"{file.relative_to(below).as_posix()} {now.st_size} {now.st_mtime_ns}\n".encode())
        total, latest = total + now.st_size, max(latest, now.st_mtime_ns)
    return RawFile(bytes=total, sha256=listing.hexdigest(), modified_ns=latest)


def files_below(folder: Path) -> Iterator[Path]:
    """Yield every file in a folder, however deep."""
    for root, _, names in os.walk(folder):
        yield from (Path(root, name) for name in names)


def describe_prepared(path: Path, stated_md5: str | None) -> PreparedFile:
    """Return the record of a prepared file."""
    md5 = digest(path, "md5")
    checksum: Verdict = "unknown" if stated_md5 is None else "match" if stated_md5 == md5 else "differs"
    return PreparedFile(bytes=path.stat().st_size, md5=md5, sha256=digest(path, "sha256"), checksum=checksum)


def digest(path: Path, algorithm: Literal["md5", "sha256"]) -> str:
    """Return a file's hash."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
