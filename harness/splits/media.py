"""Files that go with rows, such as an image each: where the raw ones lie, and where each side's are put.

Patterns name columns, and `::` stands between an archive and what is inside: `train.zip::{id}.jpg`. How a file gets to
its place is `placing.py`'s affair; which rows are on which side is `sides.py`'s.
"""

from __future__ import annotations

import string
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.data import sevenzip
from harness.splits.base import Job
from harness.splits.placing import names_in_zip, pack_zip, place, place_from_zip
from harness.splits.sides import Sides

if TYPE_CHECKING:
    import pandas as pd

INSIDE = "::"


class Media(BaseModel):
    """One kind of file that goes with rows, or files of no row: folders copied whole, since they end with a slash.

    `from` is filled with the raw rows' values, `to` with the written ones', so renumbered rows rename their files.
    `{column}` is a value, `{column[0]}` its first character, `{side}` train or test. Without `to` (for both sides) or
    `train` and `test` (for one each) the place stays the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    source: str = Field(alias="from", min_length=1)
    to: str | None = None
    train: str | None = None
    test: str | None = None
    optional: bool = Field(default=False, description="rows may lack the file")

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Media:
        if self.to is not None and (self.train or self.test):
            raise ValueError("`to` is for both sides: leave it out, or train and test")
        for target in self._targets():
            if target.endswith("/") != self.source.endswith("/"):
                raise ValueError(f"{self.source!r} and {target!r}: a folder goes to a folder, both with a / at the end")
        return self

    def _targets(self) -> Sequence[str]:
        return [target for target in (self.to, self.train, self.test) if target is not None]

    def pairs(self, sides: Sides) -> list[tuple[str, str]]:
        """Return every file's name among the raw data and among the public, each pair once."""
        found: dict[tuple[str, str], None] = {}
        both: tuple[tuple[Literal["train", "test"], str | None, pd.DataFrame, pd.DataFrame], ...] = (
            ("train", self.train, sides.raw_train, sides.train),
            ("test", self.test, sides.raw_test, sides.test),
        )
        for side, own, raw, new in both:
            target = own or self.to or (self.source if not self._targets() else None)
            if target is not None:
                pairs = zip(filled(self.source, raw, side), filled(target, new, side), strict=True)
                found.update(dict.fromkeys(pairs))
        return list(found)

    def place(self, job: Job, sides: Sides) -> None:
        """Put each row's file where the prepared data want it; ValueError when the raw data lack one."""
        by_archive: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for source, target in self.pairs(sides):
            packed, name = _divided(source)
            archive, member = _divided(target)
            by_archive.setdefault((packed, archive), []).append((name, member))
        for (packed, archive), names in by_archive.items():
            self._place(job, packed, archive, names)

    def _place(self, job: Job, packed: str, archive: str, names: list[tuple[str, str]]) -> None:
        """Put files of one place, the raw folder or an archive in it, into one: the public folder or an archive."""
        with _unpacked(job, packed, names) as folder:
            files = list(_files(folder, names))
            if self.optional:
                files = [(source, name) for source, name in files if source.exists()]
            if not archive:
                place(((source, job.public / name) for source, name in files), track=job.track)
            elif (job.public / archive).exists():
                raise ValueError(f"{archive} is written twice: say in one place what goes into it")
            elif archive.endswith(".7z"):
                sevenzip.pack(job.public / archive, files)
            else:
                pack_zip(job.public / archive, files, track=job.track)


def filled(pattern: str, rows: pd.DataFrame, side: str) -> list[str]:
    """Return the pattern with each row's values; just one text where no column occurs in it."""
    names = {name.partition("[")[0] for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
    columns = sorted(names - {"side"})
    if missing := [name for name in columns if name not in rows.columns]:
        raise ValueError(f"{pattern!r} names the column {missing[0]!r}; there are {', '.join(rows.columns[:20])}")
    if not columns:
        return [pattern.format(side=side)]
    values = zip(*(rows[name].tolist() for name in columns), strict=True)
    return [pattern.format_map({"side": side, **dict(zip(columns, row, strict=True))}) for row in values]


def _divided(name: str) -> tuple[str, str]:
    """Return the archive, or nothing, and the name in it."""
    archive, inside, member = name.partition(INSIDE)
    return (archive, member) if inside else ("", archive)


@contextmanager
def _unpacked(job: Job, archive: str, names: Sequence[tuple[str, str]]) -> Iterator[Path]:
    """Give the folder where the raw files lie; for an archive, one that is there as long as it takes."""
    if not archive:
        yield job.raw
        return
    with tempfile.TemporaryDirectory(dir=job.public.parent) as made:
        folder = Path(made)
        if archive.endswith(".7z"):
            sevenzip.unpack(job.raw / archive, folder)
        else:
            wanted = [name for name, _ in names]
            if any(not name or name.endswith("/") for name in wanted):
                wanted = [name for name in names_in_zip(job.raw / archive) if name.startswith(tuple(wanted))]
            place_from_zip(job.raw / archive, ((name, folder / name) for name in wanted), track=job.track)
        yield folder


def _files(folder: Path, names: Iterable[tuple[str, str]]) -> Iterator[tuple[Path, str]]:
    """Pair each file with its new name; a folder stands for all files in it."""
    for name, new in names:
        if name and not name.endswith("/"):
            yield folder / name, new
            continue
        if not (folder / name).is_dir():
            raise ValueError(f"the raw data lack the folder {name}")
        for path in sorted((folder / name).rglob("*")):
            if path.is_file():
                yield path, new + path.relative_to(folder / name).as_posix()
