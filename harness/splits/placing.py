"""Puts raw media where prepared data want them: shared with the raw file where that is safe, else copied; or packed.

A reflink shares blocks and nothing else, so it comes first. A hard link shares the file itself: it is taken only where
nothing about the file would have to change, that is where it is ours and its mode is already that of public data.
Whoever then edits such a raw file in place edits the prepared one; whoever replaces it does not. Nothing here decides
what goes where.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from harness.data.unpacking import opened
from harness.parallel import Track, each, untracked

SHAREABLE_MODE = 0o644  # of prepared public files: everybody reads, nobody but the owner writes
FICLONE = 0x40049409  # ioctl of Linux: let this file share all blocks of that one
PICTURES_AND_SOUND = ("jpg", "jpeg", "png", "gif", "webp", "jp2", "mp3", "mp4", "ogg", "flac")
ARCHIVES = ("zip", "gz", "bz2", "xz", "7z", "zst", "parquet", "npz")
STORED = frozenset(f".{ending}" for ending in (*PICTURES_AND_SOUND, *ARCHIVES))  # compressed already
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same members make the same archive


def place(pairs: Iterable[tuple[Path, Path]], *, track: Track = untracked) -> int:
    """Put each source file at its target, folders made as needed; return how many targets there are.

    Of two sources for one target the later one wins. A missing source is a ValueError.
    """
    sources = {target: source for source, target in pairs}
    for folder in {target.parent for target in sources}:
        folder.mkdir(parents=True, exist_ok=True)
    placer = Placer()
    for _ in track(each(placer.put, list(sources.items())), "files placed", len(sources)):
        pass
    return len(sources)


def place_from_zip(archive: Path, pairs: Iterable[tuple[str, Path]], *, track: Track = untracked) -> int:
    """Unpack members, by name, straight to their targets, as safely as raw data are; return how many.

    A member that is not there is a ValueError.
    """
    targets: dict[str, list[Path]] = {}
    for name, target in pairs:
        targets.setdefault(name, []).append(target)
    with opened(archive) as packed:
        missing = [name for name in targets if name not in packed.files]
        if not missing:
            packed.unpack({name: some[0] for name, some in targets.items()}, track=track)
    if missing:
        raise ValueError(f"{archive.name} lacks {missing[0]}, which a table names; {len(missing)} names in all")
    again = [(some[0], other) for some in targets.values() for other in some[1:]]
    return len(targets) + place(again)


def names_in_zip(archive: Path) -> list[str]:
    """Return the names of a zip's files, sorted; a zip that isn't safe to unpack is refused."""
    with opened(archive) as packed:
        return sorted(packed.files)


def pack_zip(
    target: Path, pairs: Iterable[tuple[Path, str]], *, compress: bool | None = None, track: Track = untracked
) -> int:
    """Pack each file under its name, in the order given; return how many. The same files make the same bytes.

    Members are streamed. By default those are compressed whose format isn't compressed already. A missing file is a
    ValueError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with zipfile.ZipFile(target, "w", allowZip64=True) as packed:
        for source, name in track(pairs, f"files packed into {target.name}"):
            member = zipfile.ZipInfo(name, ZIP_DATE)
            member.external_attr = (stat.S_IFREG | SHAREABLE_MODE) << 16
            deflate = PurePosixPath(name).suffix.lower() not in STORED if compress is None else compress
            member.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
            try:
                with source.open("rb") as unpacked, packed.open(member, "w", force_zip64=_is_large(source)) as into:
                    shutil.copyfileobj(unpacked, into, 1 << 20)
            except FileNotFoundError as error:
                raise ValueError(f"the raw data lack {source.name}, which a table names") from error
            count += 1
    return count


def _is_large(path: Path) -> bool:
    return path.stat().st_size > 2**31


class Placer:
    """Puts files one by one, remembering between which disks blocks can be shared."""

    def __init__(self) -> None:
        self._folders: dict[Path, Path] = {}
        self._shares: dict[tuple[int, int], bool] = {}

    def put(self, pair: tuple[Path, Path]) -> None:
        """Put the second file at the first one's name, over whatever is there."""
        target, source = pair
        try:
            found = self._behind_links(source)
            known = found.stat()
        except FileNotFoundError as error:
            raise ValueError(f"the raw data lack {source.name}, which a table names") from error
        if not stat.S_ISREG(known.st_mode):
            raise ValueError(f"{source.name} of the raw data is no file")
        target.unlink(missing_ok=True)  # it may be a link to a raw file, which must not be written to
        if not (self._clone(found, target, known) or _link(found, target, known)):
            shutil.copyfile(found, target)

    def would_share(self, source: Path, folder: Path) -> bool:
        """Would a file in that folder share this one's blocks?"""
        known, disk = source.stat(), folder.stat().st_dev
        if known.st_dev != disk:
            return False
        if _may_be_linked(known):
            return True
        if (disk, disk) not in self._shares:
            with tempfile.TemporaryDirectory(dir=folder) as trial:
                self._clone(source, Path(trial, "clone"), known)
        return self._shares[disk, disk]

    def _behind_links(self, source: Path) -> Path:
        """The file itself: link(2) would link the link."""
        if source.is_symlink():
            return source.resolve()
        if source.parent not in self._folders:
            self._folders[source.parent] = source.parent.resolve()
        return self._folders[source.parent] / source.name

    def _clone(self, source: Path, target: Path, known: os.stat_result) -> bool:
        disks = (known.st_dev, target.parent.stat().st_dev)
        if not self._shares.get(disks, True):
            return False
        with source.open("rb") as whole, target.open("xb") as shared:
            try:
                fcntl.ioctl(shared.fileno(), FICLONE, whole.fileno())
                self._shares[disks] = True
                return True
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                self._shares[disks] = False
        target.unlink()
        return False


def _link(source: Path, target: Path, known: os.stat_result) -> bool:
    if not _may_be_linked(known):
        return False
    try:
        target.hardlink_to(source)
    except OSError:  # another disk, too many links, a file system without them
        return False
    return True


def _may_be_linked(known: os.stat_result) -> bool:
    return stat.S_IMODE(known.st_mode) == SHAREABLE_MODE and known.st_uid == os.geteuid()
