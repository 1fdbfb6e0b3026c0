"""What prepared data look like on disk: `<data>/<id>/{public,private,manifest.json}`, and how to find them.

Files at the top of `public/` and `private/`, and those whose checksum a spec states, are recorded one by one; the
folders beside them, which may hold a million pictures, as a whole each. This module reads; `prepare.py` makes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.specs.competition import Competition

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


class PreparedFolder(_Kept):
    """All files below one folder; `sha256` is taken over their names, sizes and contents."""

    files: int
    bytes: int
    sha256: str


class RawFile(_Kept):
    """One raw entry as it was read; size and time spare the next call the hashing of a file.

    Folders and patterns are told by the names, sizes and times of their files.
    """

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
    folders: dict[str, PreparedFolder] = {}
    versions: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """Hash over the prepared files' contents: equal data, equal fingerprint."""
        lines = sorted(f"{name} {one.sha256}" for part in (self.files, self.folders) for name, one in part.items())
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
    """Return what is prepared, or None when nothing (readable and whole) is there.

    Every run asks, so what folders hold is not looked at; `is_whole` does that.
    """
    folder = folder_of(competition, data_home, edition)
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    whole = all(_size(folder / name) == file.bytes for name, file in manifest.files.items())
    whole = whole and all((folder / name).is_dir() for name in manifest.folders)
    return Prepared(folder, manifest) if whole else None


def is_whole(prepared: Prepared) -> bool:
    """Do its folders hold as many files and bytes as they were made with?"""
    for name, known in prepared.manifest.folders.items():
        sizes = [path.stat().st_size for path in files_below(prepared.folder / name)]
        if (len(sizes), sum(sizes)) != (known.files, known.bytes):
            return False
    return True


def files_below(folder: Path) -> Iterator[Path]:
    """Yield every file in a folder, however deep."""
    for root, _, names in os.walk(folder):
        yield from (Path(root, name) for name in names)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
