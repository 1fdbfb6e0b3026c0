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
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import bundled, download, rawdata, standin
from harness.columns import sample_value
from harness.competition import BundledSource, Competition, Edition, KaggleSource, LocalSource
from harness.data_in_use import replaceable
from harness.errors import DownloadError, UserError
from harness.locks import locked
from harness.manifest import (
    MANIFEST_NAME,
    SAMPLE_NAME,
    Manifest,
    Origin,
    Prepared,
    PreparedFile,
    RawFile,
    describe_prepared,
    describe_raw,
    find,
    folder_of,
    is_unchanged,
)
from harness.splits import Job

__all__ = ["Manifest", "Prepared", "Wish", "find", "folder_of", "prepare"]

DOWNLOADS = ".downloads"
Progress = Callable[[str], None]


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
class _Maker:
    """One preparation: what is made, where, and with what at hand."""

    competition: Competition
    name: str
    edition: Edition
    data_home: Path
    target: Path
    environ: Mapping[str, str]
    say: Progress


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
) -> Prepared:
    """Prepare the competition unless that is done already, and return where its data lie.

    Raw data come from `raw` (a folder or .zip), else from Kaggle when `environ` shows credentials, else from the
    competition's stand-in. Raises UserError or DownloadError with what to do; nothing half-made is left.
    """
    wish = Wish(raw, stand_in, kaggle)
    name, chosen = competition.edition(edition)
    target = folder_of(competition, data_home, edition)
    maker = _Maker(competition.at(name), name, chosen, data_home, target, environ or {}, progress or (lambda _: None))
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


def _prepare(maker: _Maker, wish: Wish) -> Prepared:
    existing = find(maker.competition, maker.data_home, edition=maker.name)
    origin, source = _origin(maker, wish, existing)
    recipe = _recipe_hash(maker, origin)
    if existing and _is_current(existing.manifest, maker.competition, recipe, origin, wish.raw):
        return existing
    with replaceable(maker.target), _scratch(maker.target) as scratch:
        if origin == "kaggle":
            source = _download(maker)
        maker.say(f"preparing {maker.competition.id} ({maker.name}) from {origin} data")
        made, inputs = _make(maker, origin, source, scratch)
        manifest = Manifest(
            competition=maker.competition.id,
            edition=maker.name,
            source=origin,
            stand_in=origin == "stand-in",
            recipe=recipe,
            raw_path=None if source is None else str(source.resolve()),
            raw=inputs,
            files=_describe(made, maker.edition, compare=origin != "stand-in"),
            versions=_versions(),
        )
        (made / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _swap_in(made, maker.target, scratch)
    return Prepared(maker.target, manifest)


def _origin(maker: _Maker, wish: Wish, existing: Prepared | None) -> tuple[Origin, Path | None]:
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


def _download(maker: _Maker) -> Path:
    source = maker.competition.source
    if not isinstance(source, KaggleSource):
        raise DownloadError(
            f"{maker.competition.id} is not on Kaggle; `podium prepare {maker.competition.id}` suffices"
        )
    return download.download(source.slug, maker.data_home / DOWNLOADS, environ=maker.environ, say=maker.say)


def _make(maker: _Maker, origin: Origin, source: Path | None, scratch: Path) -> tuple[Path, dict[str, RawFile]]:
    """Build the prepared folder inside `scratch`; return it with the record of what it was made from."""
    unpacked = scratch / "unpacked"
    unpacked.mkdir()
    if source is None:
        _generate(maker.competition, origin, unpacked)
    raw = source or unpacked
    zip_md5 = maker.competition.source.zip_md5 if isinstance(maker.competition.source, KaggleSource) else None
    inputs = {
        name: describe_raw(paths, raw, zip_md5 if paths == [source] else None)
        for name, paths in rawdata.inputs(raw, maker.competition.raw).items()
    }
    files = rawdata.gather(raw, maker.competition.raw, unpacked)
    return _split(maker.competition, maker.edition, files, scratch, maker.say), inputs


def _generate(competition: Competition, origin: Origin, folder: Path) -> None:
    if origin == "bundled" and isinstance(competition.source, BundledSource):
        bundled.write(competition.source.dataset, folder)
    elif competition.stand_in is not None:
        standin.write(competition.stand_in, folder, competition.folder)
    else:
        raise UserError(f"{competition.id} has no stand-in recipe; give raw data with --raw FOLDER_OR_ZIP")


def _split(competition: Competition, edition: Edition, files: Mapping[str, Path], scratch: Path, say: Progress) -> Path:
    made, raw = scratch / "made", scratch / "raw"
    (made / "public").mkdir(parents=True)
    (made / "private").mkdir(mode=0o700)
    for name, path in files.items():
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).symlink_to(path.resolve())
    submission = competition.submission
    job = Job(
        raw=raw,
        public=made / "public",
        private=made / "private",
        plain_sample=made / SAMPLE_NAME,
        id_columns=submission.id,
        sample={name: sample_value(submission.columns[name]) for name in submission.predictions},
        sample_file=submission.sample_file,
        answers_file=competition.answers.file,
        code=competition.folder,
        say=say,
    )
    try:
        edition.split.apply(job)
    except ValueError as error:
        raise UserError(f"{competition.id}: the raw data do not fit the split recipe: {error}") from error
    if not job.plain_sample.exists():
        shutil.copyfile(job.public / job.sample_file, job.plain_sample)
    shutil.copyfile(competition.description, made / "public" / competition.description.name)
    _set_modes(made)
    return made


def _set_modes(made: Path) -> None:
    """Public is for every uid of the container, private for the owner alone, whatever the umask.

    A file that is shared with a raw one (a hard link, see `splits/placing.py`) is never changed: its mode already is
    that of public data, and in private it becomes a copy.
    """
    made.chmod(0o755)
    for top in made.iterdir():
        shared = top.name != "private"
        for path in (top, *top.rglob("*")) if top.is_dir() else (top,):
            _set_mode(path, (0o755, 0o644) if shared else (0o700, 0o600))


def _set_mode(path: Path, wanted: tuple[int, int]) -> None:
    now = path.lstat()
    if stat.S_ISLNK(now.st_mode):
        raise UserError(f"the split recipe left a link in the prepared data: {path.name}; it must write files")
    mode = wanted[0] if stat.S_ISDIR(now.st_mode) else wanted[1]
    if stat.S_IMODE(now.st_mode) == mode:
        return
    if stat.S_ISREG(now.st_mode) and now.st_nlink > 1:
        own = path.with_name(f"{path.name}.own~")
        shutil.copyfile(path, own)
        own.replace(path)
    path.chmod(mode)


def _describe(made: Path, edition: Edition, *, compare: bool) -> dict[str, PreparedFile]:
    found = (path for folder in ("public", "private") for path in (made / folder).rglob("*") if path.is_file())
    names = sorted(path.relative_to(made).as_posix() for path in found)
    return {name: describe_prepared(made / name, edition.checksums.of(name) if compare else None) for name in names}


def _recipe_hash(maker: _Maker, origin: Origin) -> str:
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
def _scratch(target: Path) -> Iterator[Path]:
    """A folder beside the target, on the same file system; what a killed predecessor left in it goes first."""
    folder = target.parent / f".{target.name}~"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _swap_in(made: Path, target: Path, scratch: Path) -> None:
    """Put the finished folder in place; between the two renames there is none, never a mixed one."""
    if target.exists():
        target.rename(scratch / "replaced")
    made.rename(target)
