"""Makes a competition's public and private data from raw data, once: `<data>/<id>/{public,private,manifest.json}`.

The folder appears whole or not at all, is left alone while spec, recipe and raw data are the same, and says in its
manifest where it came from. Stand-in and real data never share a folder: one replaces the other. Nothing is graded
here.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness import bundled, rawdata, standin
from harness.columns import sample_value
from harness.competition import BundledSource, Competition, Edition
from harness.errors import UserError
from harness.splits import Job

MANIFEST_NAME = "manifest.json"
Origin = Literal["kaggle", "raw", "bundled", "stand-in"]
Verdict = Literal["match", "differs", "unknown"]
Progress = Callable[[str], None]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PreparedFile(_Kept):
    """One prepared file; `checksum` compares it with the MD5 that the spec states."""

    bytes: int
    md5: str
    sha256: str
    checksum: Verdict


class RawFile(_Kept):
    """One raw file as it was read; size and time spare the next call the hashing."""

    bytes: int
    sha256: str
    modified_ns: int


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


@dataclass(frozen=True)
class _Raw:
    """Raw files as found, before anything is made of them."""

    origin: Origin
    path: Path | None
    files: Mapping[str, Path]


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


def prepare(
    competition: Competition,
    *,
    data_home: Path,
    raw: Path | None = None,
    stand_in: bool = False,
    edition: str | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Prepare the competition unless that is done already.

    `raw` is a folder or .zip of the user's; `stand_in` asks for synthetic data even though real ones could be had.
    """
    if raw is not None and stand_in:
        raise UserError("raw data and a stand-in exclude each other: give one of them")
    data_home.mkdir(parents=True, exist_ok=True)
    with _locked(folder_of(competition, data_home, edition)):
        return _prepare(competition, data_home, raw, stand_in, edition, progress or (lambda _: None))


def _prepare(
    competition: Competition, data_home: Path, raw: Path | None, stand_in: bool, edition: str | None, say: Progress
) -> Prepared:
    name, chosen = competition.edition(edition)
    target = folder_of(competition, data_home, edition)
    existing = find(competition, data_home, edition=edition)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=data_home) as scratch:
        found = _find_raw(competition, raw, stand_in, existing, Path(scratch), say)
        recipe = _recipe_hash(competition, name, chosen, found.origin)
        if existing and _same(existing.manifest, recipe, found):
            return existing
        say(f"preparing {competition.id} ({name}) from {found.origin} data")
        made = Path(scratch) / "made"
        _make(competition, chosen, found, Path(scratch), made)
        manifest = Manifest(
            competition=competition.id,
            edition=name,
            source=found.origin,
            stand_in=found.origin == "stand-in",
            recipe=recipe,
            raw_path=None if found.path is None else str(found.path.resolve()),
            raw={name: _raw_file(path) for name, path in found.files.items()},
            files=_describe(made, chosen, compare=found.origin != "stand-in"),
            versions=_versions(),
        )
        (made / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _swap_in(made, target, Path(scratch))
    return Prepared(target, manifest)


def _find_raw(
    competition: Competition, raw: Path | None, stand_in: bool, existing: Prepared | None, scratch: Path, say: Progress
) -> _Raw:
    unpacked = scratch / "raw"
    unpacked.mkdir()
    if raw is not None:
        return _Raw("raw", raw, rawdata.gather(raw, competition.raw, unpacked))
    if isinstance(competition.source, BundledSource) and not stand_in:
        bundled.write(competition.source.dataset, unpacked)
        return _Raw("bundled", None, rawdata.gather(unpacked, competition.raw, unpacked))
    if competition.stand_in is None:
        raise UserError(f"{competition.id} has no stand-in recipe; give raw data with --raw FOLDER_OR_ZIP")
    standin.write(competition.stand_in, unpacked)
    return _Raw("stand-in", None, rawdata.gather(unpacked, competition.raw, unpacked))


def _make(competition: Competition, edition: Edition, found: _Raw, scratch: Path, made: Path) -> None:
    public, private = made / "public", made / "private"
    public.mkdir(parents=True)
    private.mkdir(mode=0o700)
    raw = scratch / "linked"
    for name, path in found.files.items():
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).symlink_to(path.resolve())
    submission = competition.submission
    sample = {name: sample_value(submission.columns[name]) for name in submission.predictions}
    job = Job(raw, public, private, submission.id, sample, submission.sample_file, competition.answers.file)
    try:
        edition.split.apply(job)
    except ValueError as error:
        raise UserError(f"{competition.id}: the raw data do not fit the recipe: {error}") from error
    shutil.copyfile(competition.description, public / competition.description.name)
    _set_modes(made)


def _set_modes(made: Path) -> None:
    """Public is for every uid of the container, private for the owner alone, whatever the umask."""
    made.chmod(0o755)
    for path in made.rglob("*"):
        open_to_all = path.relative_to(made).parts[0] == "public"
        path.chmod((0o755 if open_to_all else 0o700) if path.is_dir() else (0o644 if open_to_all else 0o600))


def _describe(made: Path, edition: Edition, *, compare: bool) -> dict[str, PreparedFile]:
    files = {}
    for path in sorted(path for path in made.rglob("*") if path.is_file()):
        name = path.relative_to(made).as_posix()
        content = path.read_bytes()
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        stated = edition.checksums.of(name) if compare else None
        verdict: Verdict = "unknown" if stated is None else "match" if stated == md5 else "differs"
        files[name] = PreparedFile(
            bytes=len(content), md5=md5, sha256=hashlib.sha256(content).hexdigest(), checksum=verdict
        )
    return files


def _recipe_hash(competition: Competition, name: str, edition: Edition, origin: Origin) -> str:
    """Hash over all that the prepared bytes depend on, but for the raw data."""
    depends = {
        "layout": 1,
        "edition": name,
        "version": edition.split.version,
        "split": edition.model_dump(mode="json"),
        "raw": competition.raw,
        "submission": competition.submission.model_dump(mode="json"),
        "answers": competition.answers.model_dump(mode="json"),
        "stand_in": competition.stand_in.model_dump(mode="json")
        if origin == "stand-in" and competition.stand_in
        else None,
        "description": competition.description.read_text(encoding="utf-8"),
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def _same(manifest: Manifest, recipe: str, found: _Raw) -> bool:
    if manifest.recipe != recipe or manifest.source != found.origin or set(manifest.raw) != set(found.files):
        return False
    return all(_unchanged(manifest.raw[name], path) for name, path in found.files.items())


def _unchanged(known: RawFile, path: Path) -> bool:
    now = path.stat()
    if now.st_size != known.bytes:
        return False
    return now.st_mtime_ns == known.modified_ns or rawdata.sha256(path) == known.sha256


def _raw_file(path: Path) -> RawFile:
    now = path.stat()
    return RawFile(bytes=now.st_size, sha256=rawdata.sha256(path), modified_ns=now.st_mtime_ns)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("podium-bench", "pandas", "numpy", "scikit-learn")}


def _swap_in(made: Path, target: Path, scratch: Path) -> None:
    """Put the finished folder in place; between the two renames there is none, never a mixed one."""
    if target.exists():
        target.rename(scratch / "replaced")
    made.rename(target)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Let one process at a time prepare a folder; the lock ends with the process, however it ends."""
    locks = target.parent / ".locks"
    locks.mkdir(exist_ok=True)
    descriptor = os.open(locks / target.name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
