"""A run's data on a node: its own prepared folder, the coordinator's path where both see the same disk, or an archive
from an object store, kept on the node. Whichever it is, it is verified against the manifest's hashes before it is used.

What was verified once is not read again while names, sizes and times of all of its files stay the same.
"""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness.data.describing import describe_raw
from harness.data.manifest import MANIFEST_NAME, SAMPLE_NAME, Manifest, Prepared
from harness.data.prepare import scratch_beside
from harness.data.search_view import SearchManifest, SearchView
from harness.errors import InfrastructureError, UserError
from harness.files import write_json
from harness.locks import locked
from harness.nodes.wanted import PUBLIC, Wanted

FETCHED = "fetched"  # below PODIUM_HOME: what came out of an object store
VERIFIED = "verified"  # below PODIUM_HOME: listings of what was read whole once


@dataclass(frozen=True)
class Sources:
    """Where a node may look: the coordinator's own folder, by the same path, and a URL that fsspec understands."""

    path: Path
    url: str | None = None


def have_data(wanted: Wanted, sources: Sources, home: Path) -> Prepared:
    """The public data on this node; `InfrastructureError` says of each place that was looked at what is wrong."""
    return Prepared(_have(wanted, sources, home), Manifest.model_validate_json(wanted.manifest))


def have_view(wanted: Wanted, sources: Sources, home: Path) -> SearchView:
    """The same for a search view."""
    return SearchView(_have(wanted, sources, home), SearchManifest.model_validate_json(wanted.manifest))


def _have(wanted: Wanted, sources: Sources, home: Path) -> Path:
    """The folder on this node that holds them, verified."""
    own, fetched = home / "data" / wanted.name, home / FETCHED / wanted.object_name.removesuffix(".tar")
    places = list(dict.fromkeys((own, sources.path, fetched)))
    wrong = []
    for place in places:
        problem = _problem(wanted, place, home)
        if problem is None:
            return place
        wrong.append(problem)
    if sources.url is None:
        raise InfrastructureError(
            f"this node has not the data of {wanted.name}: {'; '.join(dict.fromkeys(wrong))}. Prepare them there "
            "from the same raw data, share the folder, or: podium data push URL, then --data-url URL"
        )
    _fetch(wanted, sources.url, fetched, home)
    return fetched


def push(wanted: Wanted, folder: Path, url: str) -> str:
    """Write the archive of these data into an object store, or a folder; return its URL. The private half stays."""
    filesystem, root = _filesystem(url)
    target = f"{root.rstrip('/')}/{wanted.object_name}"
    if filesystem.exists(target):
        return str(filesystem.unstrip_protocol(target))
    filesystem.makedirs(root, exist_ok=True)
    half = f"{target}.part"
    with filesystem.open(half, "wb") as file, tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for part in (*wanted.parts, SAMPLE_NAME):
            tar.add(folder / part, arcname=part, filter=_plain)
    filesystem.mv(half, target)
    return str(filesystem.unstrip_protocol(target))


def _problem(wanted: Wanted, place: Path, home: Path) -> str | None:
    """None where the data lie there; else what is wrong."""
    if not place.is_dir():
        return f"{place} is missing"
    kept = home / VERIFIED / f"{wanted.fingerprint}.json"
    listing = _listing(wanted, place)
    try:
        if json.loads(kept.read_bytes()).get(str(place)) == listing:
            return None
    except (FileNotFoundError, ValueError):
        pass
    problem = wanted.differs(place)
    if problem is None:
        with locked(home, f"verified-{wanted.fingerprint}"):
            known = json.loads(kept.read_bytes()) if kept.is_file() else {}
            write_json(kept, {**known, str(place): listing})
    return problem


def _listing(wanted: Wanted, place: Path) -> str:
    """A hash over names, sizes and times of the files."""
    there = [place / part for part in (*wanted.parts, SAMPLE_NAME) if (place / part).exists()]
    return describe_raw(there, place, None).sha256


def _fetch(wanted: Wanted, url: str, target: Path, home: Path) -> None:
    """Have the archive unpacked at `target`: whole and verified, or not at all."""
    filesystem, root = _filesystem(url)
    with locked(home, target.name):
        if target.is_dir() and _problem(wanted, target, home) is None:
            return  # another run on this node fetched it meanwhile
        target.parent.mkdir(parents=True, exist_ok=True)
        with scratch_beside(target) as scratch:
            made = scratch / "made"
            made.mkdir()
            source = f"{root.rstrip('/')}/{wanted.object_name}"
            try:
                with filesystem.open(source, "rb") as file:
                    _unpack(file, made, wanted)
            except (OSError, tarfile.TarError) as error:
                raise InfrastructureError(
                    f"the data of {wanted.name} can't be had from {url}: {type(error).__name__}: {error}. Is it there? "
                    f"podium data push {url} {wanted.name.partition('/')[0].partition('@')[0]}"
                ) from error
            problem = wanted.differs(made)
            if problem is not None:
                raise InfrastructureError(f"{source} is not what it is called: {problem}. Remove it and push it again")
            (made / MANIFEST_NAME).write_text(f"{wanted.manifest}\n", encoding="utf-8")
            if target.exists():
                target.rename(scratch / "replaced")
            made.rename(target)


def _unpack(file: IO[bytes], made: Path, wanted: Wanted) -> None:
    with tarfile.open(fileobj=file, mode="r|") as archive:
        for entry in archive:
            top = entry.name.partition("/")[0]
            if not (entry.isreg() or entry.isdir()) or top not in (*wanted.parts, SAMPLE_NAME):
                raise tarfile.TarError(f"it holds {entry.name!r}, which no data do")
            archive.extract(entry, made, filter="data")
    for part in wanted.parts:
        (made / part).chmod(0o755 if part == PUBLIC else 0o700)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Entries without an owner; what is neither file nor folder is no data."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry if entry.isreg() or entry.isdir() else None


def _filesystem(url: str) -> tuple[Any, str]:
    """The store that a URL is in, and the path there."""
    try:
        import fsspec
    except ImportError as error:
        raise UserError(f"{url} needs the package fsspec: {install()}") from error
    try:
        filesystem, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:  # the store's own client is missing, or nobody knows the scheme
        raise UserError(f"{url}: {error}") from error
    return filesystem, str(root)


def install() -> str:
    """How to get what this part needs."""
    return ".venv/bin/python -m pip install -e '.[ray]'"
