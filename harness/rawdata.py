"""Takes the raw files that a spec names out of the user's folder or archive, safely.

An archive is untrusted: names that leave the folder, links, and contents far larger than the archive are refused, and
only what the spec names is unpacked.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from harness.errors import UserError

LARGEST_RATIO = 200  # real tables compress up to some 50 times
RATIO_FREE_BYTES = 64 * 2**20  # below this nobody is hurt, however well it compressed


def inputs(source: Path, wanted: Sequence[str]) -> Mapping[str, Path]:
    """Return the files (folders, where a name ends with /) that tell whether raw data changed: or the whole archive."""
    if source.is_dir():
        return _from_folder(source, wanted)
    if not source.exists():
        raise UserError(f"raw data: {source} does not exist; give a folder or a .zip that holds {', '.join(wanted)}")
    if not zipfile.is_zipfile(source):
        raise UserError(f"raw data: {source} is neither a folder nor a complete .zip; download it again")
    return {source.name: source}


def gather(source: Path, wanted: Sequence[str], into: Path) -> Mapping[str, Path]:
    """Return where each wanted file lies: in the user's folder itself, or unpacked from the archive into `into`."""
    found = inputs(source, wanted)
    return found if source.is_dir() else _from_zip(source, wanted, into)


def _from_folder(folder: Path, wanted: Sequence[str]) -> Mapping[str, Path]:
    found = {name: folder / name for name in wanted}
    if missing := [
        name for name, path in found.items() if not (path.is_dir() if name.endswith("/") else path.is_file())
    ]:
        there = sorted(path.name for path in folder.iterdir())[:10]
        raise UserError(f"raw data: {folder} lacks {', '.join(missing)}; it holds {', '.join(there) or 'nothing'}")
    return found


def _from_zip(archive: Path, wanted: Sequence[str], into: Path) -> Mapping[str, Path]:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = {member.filename: member for member in opened.infolist()}
            for member in members.values():
                _refuse_unsafe(archive, member)
            if missing := [name for name in wanted if name not in members]:
                there = ", ".join(list(members)[:10]) or "nothing"
                raise UserError(f"raw data: {archive} lacks {', '.join(missing)}; it holds {there}")
            _refuse_without_room(archive, sum(members[name].file_size for name in wanted), into)
            return {name: _unpack(opened, members[name], into / name) for name in wanted}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UserError(f"raw data: {archive} is broken: {error}; download it again") from error


def _refuse_unsafe(archive: Path, member: zipfile.ZipInfo) -> None:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[:1]:
        raise UserError(f"raw data: {archive} holds {member.filename!r}, which leaves the folder: refused")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UserError(f"raw data: {archive} holds {member.filename!r}, which is not a plain file: refused")
    if member.file_size > RATIO_FREE_BYTES and member.file_size > LARGEST_RATIO * max(member.compress_size, 1):
        raise UserError(
            f"raw data: {archive}: {member.filename!r} would swell from {member.compress_size} to "
            f"{member.file_size} bytes: refused as a zip bomb; unpack it yourself if you trust it"
        )


def _refuse_without_room(archive: Path, needed: int, into: Path) -> None:
    free = shutil.disk_usage(into).free
    if needed > free:
        raise UserError(f"raw data: unpacking {archive} takes {needed} bytes, {into} has {free} free; make room")


def _unpack(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    # zipfile stops at the size that the directory states and checks the CRC there, so a lying member raises
    with opened.open(member) as packed, target.open("xb") as unpacked:
        shutil.copyfileobj(packed, unpacked, 1 << 20)
    return target
