"""Takes members out of a zip, safely and in threads. An archive is untrusted.

Names that leave the folder, links, and contents far larger than the archive are refused before anything is written, and
so is what does not fit on the disk. A file appears under its name once it is whole, so what an interrupted call left is
used by the next one.
"""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from harness.errors import UserError
from harness.parallel import Track, each, untracked

LARGEST_RATIO = 200  # real tables compress up to some 50 times
RATIO_FREE_BYTES = 64 * 2**20  # below this nobody is hurt, however well it compressed
PARTIAL = ".partial~"


class Archive:
    """An open zip whose names and sizes have been checked: `files` by name, and the `folders` that these imply."""

    def __init__(self, path: Path, opened: zipfile.ZipFile, what: str = "raw data") -> None:
        self.path, self._opened, self._what = path, opened, what
        members = opened.infolist()
        for member in members:
            _refuse_unsafe(f"{what}: {path}", member)
        self.files: Mapping[str, zipfile.ZipInfo] = {one.filename: one for one in members if not one.is_dir()}
        self.folders = {
            parent.as_posix()
            for name in {one.filename.rstrip("/") if one.is_dir() else str(_parent(one.filename)) for one in members}
            for parent in (PurePosixPath(name), *PurePosixPath(name).parents)
        } - {"."}

    def unpack(self, targets: Mapping[str, Path], *, track: Track = untracked) -> None:
        """Write each named member at its target; one that is there with the member's size is taken as it is."""
        missing = [
            (self.files[name], path) for name, path in targets.items() if _bytes_of(path) != self.files[name].file_size
        ]
        for folder in {path.parent for _, path in missing}:
            folder.mkdir(parents=True, exist_ok=True)
        if missing:
            self._refuse_without_room(sum(member.file_size for member, _ in missing), missing[0][1].parent)
        for _ in track(each(lambda pair: self._unpack(*pair), missing), "files unpacked", len(missing)):
            pass

    def _unpack(self, member: zipfile.ZipInfo, target: Path) -> None:
        partial = target.with_name(target.name + PARTIAL)
        # zipfile stops at the size that the directory states and checks the CRC there, so a lying member raises
        with self._opened.open(member) as packed, partial.open("wb") as unpacked:
            os.fchmod(unpacked.fileno(), 0o644)  # whatever the umask: prepared data may become a link to it
            shutil.copyfileobj(packed, unpacked, 1 << 20)
        partial.replace(target)

    def _refuse_without_room(self, needed: int, into: Path) -> None:
        free = shutil.disk_usage(into).free
        if needed > free:
            raise UserError(
                f"{self._what}: unpacking {self.path} takes {needed} bytes, {into} has {free} free; make room"
            )


@contextmanager
def opened(path: Path, what: str = "raw data") -> Iterator[Archive]:
    """Open a zip; whatever turns out to be wrong with it, then or later, is a UserError that says so.

    `what` the zip is to the user, is how the error begins.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield Archive(path, archive, what)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UserError(f"{what}: {path} is broken: {error}; get it again") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise UserError(f"{what}: {path} is broken: it holds {error.filename} as a file and as a folder") from error


def _parent(name: str) -> PurePosixPath:
    return PurePosixPath(name).parent


def _bytes_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _refuse_unsafe(archive: str, member: zipfile.ZipInfo) -> None:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[:1]:
        raise UserError(f"{archive} holds {member.filename!r}, which leaves the folder: refused")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UserError(f"{archive} holds {member.filename!r}, which is not a plain file: refused")
    if member.file_size > RATIO_FREE_BYTES and member.file_size > LARGEST_RATIO * max(member.compress_size, 1):
        raise UserError(
            f"{archive}: {member.filename!r} would swell from {member.compress_size} to "
            f"{member.file_size} bytes: refused as a zip bomb; unpack it yourself if you trust it"
        )
