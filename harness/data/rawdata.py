"""Finds the raw data that a spec names in the user's folder or archive, and unpacks them where they are packed.

An entry of a spec is a file (`train.csv`), a folder (`train/`), or a pattern of either (`train_*.csv`, `part_?/`), in
which `*` stays within one name. Raw data lie as in Kaggle's zip unpacked once: archives inside it stay packed. Only
what the spec names is taken out of an archive.
"""

from __future__ import annotations

import fnmatch
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from harness.data.unpacking import Archive, opened
from harness.errors import UserError
from harness.parallel import Track, untracked

PACKED = (".zip", ".7z", ".tar", ".tar.gz", ".tgz", ".gz", ".bz2", ".rar")
Inputs = Mapping[str, Sequence[Path]]


class _Tree(Protocol):
    """Where raw data are looked for; names are relative and without a slash at their end."""

    def is_file(self, name: str) -> bool: ...
    def is_folder(self, name: str) -> bool: ...
    def matching(self, pattern: str) -> Iterable[str]: ...
    def top(self) -> Iterable[str]: ...


class _Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def is_file(self, name: str) -> bool:
        return (self.path / name).is_file()

    def is_folder(self, name: str) -> bool:
        return (self.path / name).is_dir()

    def matching(self, pattern: str) -> Iterable[str]:
        return (path.relative_to(self.path).as_posix() for path in self.path.glob(pattern))

    def top(self) -> Iterable[str]:
        return (path.name for path in self.path.iterdir())


class _Packed:
    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def is_file(self, name: str) -> bool:
        return name in self.archive.files

    def is_folder(self, name: str) -> bool:
        return name in self.archive.folders

    def matching(self, pattern: str) -> Iterable[str]:
        parts = PurePosixPath(pattern).parts
        return (
            name
            for name in (*self.archive.files, *self.archive.folders)
            if len(have := PurePosixPath(name).parts) == len(parts) and all(map(fnmatch.fnmatchcase, have, parts))
        )

    def top(self) -> Iterable[str]:
        return {name.split("/")[0] for name in (*self.archive.files, *self.archive.folders)}


def inputs(source: Path, wanted: Sequence[str]) -> Inputs:
    """Return what tells whether raw data changed: the files and folders of each entry, or the whole archive."""
    if source.is_dir():
        found = _find(_Folder(source), wanted, source)
        return {entry: [source / name for name in names] for entry, names in found.items()}
    _refuse_unreadable(source, wanted)
    return {source.name: [source]}


def gather(source: Path, wanted: Sequence[str], into: Path, *, track: Track = untracked) -> Mapping[str, Path]:
    """Return where each wanted file or folder lies: in the user's folder, or unpacked from the archive into `into`."""
    if source.is_dir():
        found = _find(_Folder(source), wanted, source)
        return {name: source / name for name in _outermost(found)}
    _refuse_unreadable(source, wanted)
    with opened(source) as archive:
        names, members = _wanted(archive, wanted)
        for name in names & archive.folders:
            (into / name).mkdir(parents=True, exist_ok=True)
        archive.unpack({member: into / member for member in members}, track=track)
        return {name: into / name for name in names}


def sizes_in(source: Path, wanted: Sequence[str]) -> Mapping[str, int]:
    """Return the unpacked size of each member of the archive that is wanted."""
    with opened(source) as archive:
        _, members = _wanted(archive, wanted)
        return {member: archive.files[member].file_size for member in members}


def _wanted(archive: Archive, wanted: Sequence[str]) -> tuple[set[str], list[str]]:
    """Return the names of the wanted files and folders, and all members that these are made of."""
    names = _outermost(_find(_Packed(archive), wanted, archive.path))
    folders = {f"{name}/" for name in names & archive.folders}
    return names, [member for member in archive.files if member in names or _inside(member, folders)]


def _refuse_unreadable(source: Path, wanted: Sequence[str]) -> None:
    if not source.exists():
        raise UserError(f"raw data: {source} does not exist; give a folder or a .zip that holds {', '.join(wanted)}")
    if not zipfile.is_zipfile(source):
        raise UserError(f"raw data: {source} is neither a folder nor a complete .zip; download it again")


def _find(tree: _Tree, wanted: Sequence[str], source: Path) -> dict[str, list[str]]:
    found = {entry: _matches(tree, entry) for entry in wanted}
    if missing := [entry for entry, names in found.items() if not names]:
        there = sorted(tree.top())
        shown = ", ".join(there[:10]) + (f" and {len(there) - 10} more" if len(there) > 10 else "") or "nothing"
        advice = "".join(f"; {hint}" for entry in missing[:3] if (hint := _hint(tree, entry, there)))
        raise UserError(f"raw data: {source} lacks {', '.join(missing)}; it holds {shown}{advice}")
    return found


def _matches(tree: _Tree, entry: str) -> list[str]:
    fits = tree.is_folder if entry.endswith("/") else tree.is_file
    name = entry.rstrip("/")
    candidates = tree.matching(name) if set(name) & set("*?[") else [name]
    return sorted(one for one in candidates if fits(one))


def _hint(tree: _Tree, entry: str, there: Sequence[str]) -> str | None:
    """Say where a missing entry may be: packed instead of unpacked, the other way round, or one folder deeper."""
    name = entry.rstrip("/")
    packed = [name + ending for ending in PACKED] + [str(PurePosixPath(name).with_suffix(end)) for end in PACKED]
    if is_packed := next((one for one in packed if one != name and tree.is_file(one)), None):
        return f"{entry} is there as {is_packed}: unpack that beside it first"
    bare = next((name.removesuffix(end) for end in PACKED if name.endswith(end)), name)
    if bare != name and (tree.is_folder(bare) or tree.is_file(bare)):
        return f"{entry} is there unpacked as {bare}, but is wanted packed, as Kaggle has it: put the archive there"
    if deeper := next((one for one in there if tree.is_file(f"{one}/{name}") or tree.is_folder(f"{one}/{name}")), None):
        return f"{entry} is in {deeper}: give that folder"
    return None


def _outermost(found: Mapping[str, Sequence[str]]) -> set[str]:
    """All names, but for those inside a folder that is among them."""
    names = {name for some in found.values() for name in some}
    folders = {f"{name}/" for entry, some in found.items() if entry.endswith("/") for name in some}
    return {name for name in names if not _inside(name, folders)}


def _inside(name: str, folders: set[str]) -> bool:
    """Does the name lie in one of the folders (given with a slash at the end)?"""
    return bool(folders) and any(f"{parent}/" in folders for parent in PurePosixPath(name).parents)
