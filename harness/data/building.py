"""Builds the prepared folder out of raw files: calls the split recipe, adds what every competition has, sets the modes.

Where raw data come from, and how the folder gets to its place, is `prepare.py`'s.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from harness import standin
from harness.data import bundled
from harness.data.manifest import SAMPLE_NAME, Origin
from harness.data.search_view import HELD_BACK
from harness.errors import UserError
from harness.parallel import Track
from harness.specs.columns import sample_value
from harness.specs.competition import BundledSource, Competition, Edition
from harness.splits import Job


def generate(competition: Competition, origin: Origin, folder: Path) -> None:
    """Write raw data that nobody has to bring: those of an installed package, or a stand-in."""
    if origin == "bundled" and isinstance(competition.source, BundledSource):
        bundled.write(competition.source.dataset, folder)
    elif competition.stand_in is not None:
        standin.write(competition.stand_in, folder, competition.folder)
    else:
        raise UserError(f"{competition.id} has no stand-in recipe; give raw data with --raw FOLDER_OR_ZIP")


def build(
    competition: Competition,
    edition: Edition,
    files: Mapping[str, Path],
    scratch: Path,
    *,
    say: Callable[[str], None],
    track: Track,
) -> Path:
    """Return the finished folder, made inside `scratch` from the raw files by the edition's recipe."""
    return _built(competition, files, scratch, edition.split.apply, "private", say, track)


def build_view(
    competition: Competition,
    edition: Edition,
    files: Mapping[str, Path],
    scratch: Path,
    *,
    say: Callable[[str], None],
    track: Track,
) -> Path:
    """Return the finished folder of a search view, in which `held_back/` is what `private/` is elsewhere."""
    return _built(competition, files, scratch, edition.split.apply_held_back, HELD_BACK, say, track)


def _built(
    competition: Competition,
    files: Mapping[str, Path],
    scratch: Path,
    apply: Callable[[Job], None],
    private: str,
    say: Callable[[str], None],
    track: Track,
) -> Path:
    made, raw = scratch / "made", scratch / "raw"
    (made / "public").mkdir(parents=True)
    (made / private).mkdir(mode=0o700)
    for name, path in files.items():
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).symlink_to(path.resolve())
    submission = competition.submission
    job = Job(
        raw=raw,
        public=made / "public",
        private=made / private,
        plain_sample=made / SAMPLE_NAME,
        id_columns=submission.id,
        sample={name: sample_value(submission.columns[name]) for name in submission.predictions},
        sample_file=submission.sample_file,
        answers_file=competition.answers.file,
        code=competition.folder,
        say=say,
        track=track,
    )
    try:
        apply(job)
    except ValueError as error:
        raise UserError(f"{competition.id}: the raw data do not fit the split recipe: {error}") from error
    if not job.plain_sample.exists():
        shutil.copyfile(job.public / job.sample_file, job.plain_sample)
    shutil.copyfile(competition.description, made / "public" / competition.description.name)
    set_modes(made, private)
    return made


def set_modes(made: Path, private: str = "private") -> None:
    """Public is for every uid of the container, private for the owner alone, whatever the umask.

    A file that is shared with a raw one (a hard link, see `splits/placing.py`) is never changed: its mode already is
    that of public data, and in private it becomes a copy.
    """
    made.chmod(0o755)
    for top in made.iterdir():
        shared = top.name != private
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
