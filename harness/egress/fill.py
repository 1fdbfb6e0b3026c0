"""Fill the cache on the host, which has a network: packages as wheels for the image, models of the hub, single files.

Everything is fetched into a folder of its own first and comes into the cache whole, or not at all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.egress.cache import Cache, CachedEntry, CachedFile, Index, Kind
from harness.errors import UserError
from harness.files import sha256_of
from harness.results.layout import now

STAGE_PREFIX = "adding-"


@dataclass(frozen=True)
class Fetched:
    """What a source laid out below a folder, as it is to lie in the cache."""

    name: str
    version: str
    needs_gpu_image: bool = False


def add(cache: Cache, kind: Kind, fetch: Callable[[Path], Fetched]) -> CachedEntry:
    """Fetch into a stage, then take it over; an entry of the same name is replaced."""
    with staged(cache) as stage:
        fetched = fetch(stage)
        files = dict(_files(stage))
        if not files:
            raise UserError(f"nothing was fetched for {fetched.name}: there is nothing to add")
        entry = CachedEntry(
            kind=kind,
            name=fetched.name,
            version=fetched.version,
            added_at=now(),
            files=files,
            needs_gpu_image=fetched.needs_gpu_image,
        )
        with cache.alone():
            _take_over(cache, stage, entry)
    return entry


@contextmanager
def staged(cache: Cache) -> Iterator[Path]:
    """A folder on the cache's own disk, gone afterwards."""
    cache.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=STAGE_PREFIX, dir=cache.folder) as folder:
        yield Path(folder)


def _take_over(cache: Cache, stage: Path, entry: CachedEntry) -> None:
    index = cache.index()
    same = [one for one in index.entries if (one.kind, one.name) == (entry.kind, entry.name)]
    others = [one for one in index.entries if one not in same]
    known = {path: file for one in others for path, file in one.files.items()}
    for path, file in entry.files.items():
        if path in known and known[path] != file:
            raise UserError(
                f"{path} is in the cache with other bytes, by another entry. Remove that first: podium cache list"
            )
    for path in entry.files:
        place = cache.content / path
        _make_folders(cache.content, place.parent)
        place.unlink(missing_ok=True)
        os.rename(stage / path, place)  # noqa: PTH104 - a link is moved as a link
        if not place.is_symlink():
            place.chmod(0o644)
    cache.write(Index(entries=tuple(sorted((*others, entry), key=lambda one: (one.kind, one.name)))))
    for path in {path for one in same for path in one.files} - entry.files.keys() - known.keys():
        cache.forget(path)


def _make_folders(top: Path, folder: Path) -> None:
    """Every user of a box must be able to read what is mounted."""
    for part in [*reversed(folder.relative_to(top).parents), folder.relative_to(top)]:
        (top / part).mkdir(exist_ok=True)
        (top / part).chmod(0o755)


def _files(stage: Path) -> Iterator[tuple[str, CachedFile]]:
    top = stage.resolve()
    for place in sorted(stage.rglob("*")):
        name = str(place.relative_to(stage))
        if place.is_symlink():
            if not place.resolve().is_relative_to(top) or Path(place.readlink()).is_absolute():
                raise UserError(f"{name} is a link out of what was fetched; it is not added")
            yield name, CachedFile(size_bytes=0, link=str(place.readlink()))
        elif place.is_file():
            yield name, CachedFile(size_bytes=place.stat().st_size, sha256=sha256_of(place))
