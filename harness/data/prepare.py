"""Makes a competition's public and private data from raw data, once: `<data>/<id>/{public,private,manifest.json}`.

The folder appears whole or not at all, is left alone while spec, recipe and raw data are the same, and says in its
manifest where it came from. Stand-in and real data never share a folder: one replaces the other, and real data are
only replaced by a stand-in when that is asked for. Nothing is graded here.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import standin
from harness.data import download, rawdata, room, unpacked
from harness.data.building import build, generate
from harness.data.data_in_use import replaceable
from harness.data.describing import describe_prepared, describe_raw, is_unchanged
from harness.data.manifest import MANIFEST_NAME, Manifest, Origin, Prepared, RawFile, find, folder_of, is_whole
from harness.errors import DownloadError, UserError
from harness.locks import is_locked, locked, locked_at_once
from harness.parallel import Track, untracked
from harness.specs.competition import BundledSource, Competition, Edition, KaggleSource, LocalSource

__all__ = ["Manifest", "Prepared", "Wish", "find", "folder_of", "prepare"]

DOWNLOADS = ".downloads"
SCRATCH = "~"  # ends the name of a folder in which data are being prepared
UNPACKED = ".unpacked"
Progress = Callable[[str], None]
Raw = tuple[Mapping[str, Path], dict[str, RawFile]]


@dataclass(frozen=True)
class Wish:
    """Where the raw data should come from: at most one of these, else whatever can be had, best first."""

    raw: Path | None = None  # a folder or .zip of the user's
    stand_in: bool = False
    kaggle: bool = False  # download, or say why not, instead of falling back on a stand-in

    def __post_init__(self) -> None:
        if sum((self.raw is not None, self.stand_in, self.kaggle)) > 1:
            raise UserError("raw data, a stand-in and Kaggle exclude each other: ask for one of them")


@dataclass(frozen=True)
class Maker:
    """One preparation: what is made, where, and with what at hand."""

    competition: Competition
    name: str
    edition: Edition
    data_home: Path
    target: Path
    environ: Mapping[str, str]
    say: Progress
    track: Track


def prepare(
    competition: Competition,
    *,
    data_home: Path,
    raw: Path | None = None,
    stand_in: bool = False,
    kaggle: bool = False,
    edition: str | None = None,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    track: Track = untracked,
) -> Prepared:
    """Prepare the competition unless that is done already, and return where its data lie.

    Raw data come from `raw` (a folder or .zip), else from Kaggle when `environ` shows credentials, else from the
    competition's stand-in. Raises UserError or DownloadError with what to do; nothing half-made is to be seen, and the
    same call goes on with what was downloaded and unpacked. `progress` gets lines, `track` what takes long.
    """
    wish = Wish(raw, stand_in, kaggle)
    name, chosen = competition.edition(edition)
    target = folder_of(competition, data_home, edition)
    maker = Maker(
        competition.at(name), name, chosen, data_home, target, environ or {}, progress or (lambda _: None), track
    )
    try:
        with locked(data_home, target.name):
            return _prepare(maker, wish)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(data_home).free
            raise UserError(
                f"no space left in {data_home} ({free} bytes free); make room or move PODIUM_HOME"
            ) from error
        raise


def _prepare(maker: Maker, wish: Wish) -> Prepared:
    existing = find(maker.competition, maker.data_home, edition=maker.name)
    origin, source = _origin(maker, wish, existing)
    recipe = _recipe_hash(maker, origin)
    if existing and _is_current(existing.manifest, maker.competition, recipe, origin, wish.raw) and is_whole(existing):
        return existing
    with replaceable(maker.target), scratch_beside(maker.target) as scratch:
        if origin == "kaggle":
            source = downloaded(maker)
        maker.say(f"preparing {maker.competition.id} ({maker.name}) from {origin} data")
        with raw_at_hand(maker, origin, source, scratch) as (files, raw):
            made = build(maker.competition, maker.edition, files, scratch, say=maker.say, track=maker.track)
            manifest = _manifest(maker, origin, source, raw, made)
            (made / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
            _swap_in(made, maker.target, scratch)
    return Prepared(maker.target, manifest)


def _origin(maker: Maker, wish: Wish, existing: Prepared | None) -> tuple[Origin, Path | None]:
    """Decide where raw data come from; nothing is fetched yet."""
    competition = maker.competition
    if wish.raw is not None:
        return "raw", wish.raw
    if wish.stand_in:
        return "stand-in", None
    if isinstance(competition.source, BundledSource):
        return "bundled", None
    if isinstance(competition.source, LocalSource):
        return "raw", competition.folder / competition.source.folder
    if existing and existing.manifest.source == "raw" and not wish.kaggle:
        return "raw", Path(existing.manifest.raw_path or "")
    real = existing is not None and existing.manifest.source == "kaggle"
    if wish.kaggle or real or download.has_credentials(maker.environ):
        return "kaggle", None
    maker.say(f"{competition.id}: no raw data and no Kaggle credentials, so stand-in (synthetic) data are used")
    return "stand-in", None


def _is_current(manifest: Manifest, competition: Competition, recipe: str, origin: Origin, raw: Path | None) -> bool:
    if manifest.recipe != recipe or manifest.source != origin:
        return False
    if raw is None:
        return True
    inputs = rawdata.inputs(raw, competition.raw)
    return set(inputs) == set(manifest.raw) and all(
        is_unchanged(manifest.raw[name], paths, raw) for name, paths in inputs.items()
    )


def downloaded(maker: Maker) -> Path:
    source = maker.competition.source
    if not isinstance(source, KaggleSource):
        raise DownloadError(
            f"{maker.competition.id} is not on Kaggle; `podium prepare {maker.competition.id}` suffices"
        )
    if not download.is_there(source.slug, maker.data_home / DOWNLOADS):
        room.refuse_without(maker.competition, room.to_download(maker.competition), maker.data_home)
    return download.download(source.slug, maker.data_home / DOWNLOADS, environ=maker.environ, say=maker.say)


@contextmanager
def raw_at_hand(maker: Maker, origin: Origin, source: Path | None, scratch: Path) -> Iterator[Raw]:
    """Give the raw files: generated, the user's own, or unpacked; and the record of what they come from."""
    competition, wanted = maker.competition, maker.competition.raw
    if source is not None and not source.is_dir():
        rawdata.inputs(source, wanted)  # says what is wrong with it
        stated = competition.source.zip_md5 if isinstance(competition.source, KaggleSource) else None
        place = maker.data_home / UNPACKED / maker.target.name
        with unpacked.kept_until_used(source, place, stated, maker.say) as kept:
            room.refuse_without(competition, room.to_unpack(source, wanted, kept.folder), maker.data_home)
            yield rawdata.gather(source, wanted, kept.folder, track=maker.track), {source.name: kept.archive}
        return
    folder = source or scratch / "generated"
    if source is None:
        folder.mkdir()
        generate(competition, origin, folder)
    inputs = rawdata.inputs(folder, wanted)
    room.refuse_without(competition, room.to_prepare(inputs, maker.data_home), maker.data_home)
    described = {name: describe_raw(paths, folder, None) for name, paths in inputs.items()}
    yield rawdata.gather(folder, wanted, scratch), described


def _manifest(maker: Maker, origin: Origin, source: Path | None, raw: dict[str, RawFile], made: Path) -> Manifest:
    stated = None if origin == "stand-in" else maker.edition.checksums
    files, folders = describe_prepared(made, stated, track=maker.track)
    return Manifest(
        competition=maker.competition.id,
        edition=maker.name,
        source=origin,
        stand_in=origin == "stand-in",
        recipe=_recipe_hash(maker, origin),
        raw_path=None if source is None else str(source.resolve()),
        raw=raw,
        files=files,
        folders=folders,
        versions=_versions(),
    )


def _recipe_hash(maker: Maker, origin: Origin) -> str:
    """Hash over all that the prepared bytes depend on, but for the raw data."""
    competition = maker.competition
    generated = competition.stand_in.model_dump(mode="json") if origin == "stand-in" and competition.stand_in else None
    standin_code = "" if competition.stand_in is None else competition.stand_in.depends_on(competition.folder)
    depends = {
        "edition": maker.name,
        "split": maker.edition.split.model_dump(mode="json"),
        "split version": maker.edition.split.version,
        "split code": maker.edition.split.depends_on(competition.folder),
        "raw": competition.raw,
        "source": competition.source.model_dump(mode="json") if origin == "bundled" else None,
        "submission": competition.submission.model_dump(mode="json"),
        "answers": competition.answers.model_dump(mode="json"),
        "checksums": maker.edition.checksums.model_dump(mode="json"),
        "stand-in": generated and [standin.VERSION, generated, standin_code],
        "description": competition.description.read_text(encoding="utf-8"),
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("podium-bench", "pandas", "numpy", "scikit-learn")}


@contextmanager
def scratch_beside(target: Path) -> Iterator[Path]:
    """A folder beside the target, on the same file system; what a killed predecessor left in it goes first."""
    folder = target.parent / f".{target.name}{SCRATCH}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def half_made(data_home: Path) -> list[Path]:
    """The scratch folders at which nobody works: their processes were killed."""
    found = [*data_home.glob(f".*{SCRATCH}"), *data_home.glob(f"*/.*{SCRATCH}")]
    return [folder for folder in sorted(found) if not is_locked(data_home, _lock_of(data_home, folder))]


def drop(data_home: Path, scratch: Path) -> bool:
    """Remove a scratch folder; False where somebody has begun to prepare the same meanwhile."""
    with locked_at_once(data_home, _lock_of(data_home, scratch)) as alone:
        if alone:
            shutil.rmtree(scratch, ignore_errors=True)
        return alone


def _lock_of(data_home: Path, scratch: Path) -> str:
    """What they lock who prepare there: a search view lies in the folder of its competition."""
    beside_all = scratch.parent == data_home
    return scratch.name.removeprefix(".").removesuffix(SCRATCH) if beside_all else scratch.parent.name


def _swap_in(made: Path, target: Path, scratch: Path) -> None:
    """Put the finished folder in place; between the two renames there is none, never a mixed one."""
    if target.exists():
        target.rename(scratch / "replaced")
    made.rename(target)
