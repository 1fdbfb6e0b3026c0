"""What a run mounts, on an engine that sees none of this machine's folders: copied into named volumes before the start.

A folder becomes a volume, mounted read-only like the folder would be. A single file lies over its folder's volume: over
that of a folder that is mounted too, else over a copy of what the image has there. Sockets don't travel.
"""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from harness.errors import InfrastructureError
from harness.sandbox.base import MIB, Mount
from harness.sandbox.failure import engine_errors

CHUNK = 1 << 20


@dataclass
class Load:
    """What goes into one volume: a folder, single files over it, and places for what is mounted below it."""

    target: str
    folder: Path | None = None
    files: dict[str, Path] = field(default_factory=dict)  # name below the target → file
    places: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)  # name below the target → where it points, inside


def loads(mounts: Sequence[Mount]) -> list[Load]:
    """Sort mounts into volumes, the outer ones first."""
    found = {mount.target: Load(mount.target, mount.source) for mount in mounts if mount.source.is_dir()}
    for mount in mounts:
        if not mount.source.is_dir():
            outer = _outer(mount.target, found) or posixpath.dirname(mount.target)
            load = found.setdefault(outer, Load(outer))
            load.files[posixpath.relpath(mount.target, outer)] = mount.source
    for target in found:
        around = _outer(target, {other: load for other, load in found.items() if other != target})
        if around is not None:
            found[around].places.append(posixpath.relpath(target, around))
    return sorted(found.values(), key=lambda load: load.target.count("/"))


def fill(client: Any, image: str, volumes: Mapping[str, Load], labels: Mapping[str, str]) -> None:
    """Fill named volumes, by a container that is never started; raise `InfrastructureError`."""
    from docker.types import Mount as Mounted

    with engine_errors():
        carrier = client.containers.create(
            image=image,
            entrypoint=["/nothing"],
            mounts=[Mounted(load.target, name, type="volume") for name, load in volumes.items()],
            network_mode="none",
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            mem_limit=64 * MIB,
            labels=dict(labels),
            use_config_proxy=False,
        )
        try:
            for load in volumes.values():
                with _Packing(load) as archive:
                    if not carrier.put_archive(load.target, archive):
                        raise InfrastructureError(f"the engine did not take what goes to {load.target}. Try it again")
        finally:
            carrier.remove(force=True)


class _Packing:
    """A tar archive that is read while it is written, since data may be larger than the disk has room for twice."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._failure: BaseException | None = None
        reading, self._writing = os.pipe()
        self._reader: IO[bytes] = os.fdopen(reading, "rb", CHUNK)
        self._thread = threading.Thread(target=self._pack, name="podium-packing", daemon=True)

    def __enter__(self) -> Iterator[bytes]:
        self._thread.start()
        return iter(lambda: self._reader.read(CHUNK), b"")

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._reader.close()  # one that was not read to its end breaks the writer's pipe
        self._thread.join()
        if self._failure is not None and kind is None:
            raise InfrastructureError(f"{self._load.folder} can't be read: {self._failure}") from self._failure

    def _pack(self) -> None:
        try:
            with os.fdopen(self._writing, "wb", CHUNK) as target, tarfile.open(fileobj=target, mode="w|") as archive:
                for name, source in _members(self._load):
                    _add(archive, name, source)
                for name, points in self._load.links.items():
                    info = tarfile.TarInfo(name)
                    info.type, info.linkname = tarfile.SYMTYPE, points
                    archive.addfile(info)
        except (OSError, tarfile.TarError) as error:
            self._failure = error


def _members(load: Load) -> Iterator[tuple[str, Path | None]]:
    """Every member's name and source; None: an empty folder."""
    covered = {*load.files, *load.places, *load.links}
    for top, folders, files in os.walk(load.folder) if load.folder is not None else ():
        folders.sort()
        for name in (*folders, *sorted(files)):
            path = Path(top) / name
            below = path.relative_to(load.folder).as_posix() if load.folder is not None else ""
            if below not in covered and not stat.S_ISSOCK(path.lstat().st_mode):
                yield below, path
    yield from load.files.items()
    yield from ((place, None) for place in load.places)


def _add(archive: tarfile.TarFile, name: str, source: Path | None) -> None:
    if source is None:
        info = tarfile.TarInfo(name)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
        return
    info = archive.gettarinfo(str(source), name)
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    if info.islnk():  # a second name of a file that was packed: as a file of its own, whatever came before it
        info.type, info.size = tarfile.REGTYPE, source.stat().st_size
    if info.isreg():
        with source.open("rb") as content:
            archive.addfile(info, content)
    else:
        archive.addfile(info)


def _outer(target: str, among: Mapping[str, Load]) -> str | None:
    """The innermost of some folders that a path lies in."""
    outer = [other for other in among if target.startswith(f"{other}/")]
    return max(outer, key=len, default=None)
