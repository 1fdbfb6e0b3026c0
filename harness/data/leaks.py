"""Searches public data for the answers: files that are the answers, and tables that hold test rows with their labels.

It can only find what stands there openly, in files that are tables; labels in file names, pixels or binary records are
beyond it. Known leaks are stated in the specs' `defects`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.describing import digests
from harness.data.manifest import Prepared
from harness.data.search_view import SearchView
from harness.specs.competition import Competition

if TYPE_CHECKING:
    import pandas as pd

LARGEST_BYTES = 64 * 2**20  # larger tables are passed over: the stand-in's are small


def find(competition: Competition, prepared: Prepared) -> list[str]:
    """Return a line for each place in public where answers were found."""
    answers = competition.answers
    names = {answers.file, answers.perfect_file} - {None}
    return _find(competition, prepared.public, [prepared.private / name for name in names if name])


def find_held_back(competition: Competition, view: SearchView) -> list[str]:
    """Return a line for each place in a search view where labels that it holds back were found."""
    return _find(competition, view.public, [view.search_truth, view.pick_truth])


def _find(competition: Competition, public: Path, private: Sequence[Path]) -> list[str]:
    hashes = {digests(path).sha256 for path in private}
    truths = [_texts(path) for path in private if path.suffix == ".csv"]
    found = []
    for name, table in _tables(public):
        if Path(name.partition(":")[0]).name == Path(competition.submission.sample_file).name:
            continue
        if any(_holds_answers(table, truth, competition) for truth in truths):
            found.append(f"{name} holds test rows with {', '.join(_shared(table, competition))}")
    copies = (path for path in public.rglob("*") if path.is_file() and digests(path).sha256 in hashes)
    return found + [f"{path.relative_to(public)} is a copy of the answers" for path in copies]


def _shared(table: pd.DataFrame, competition: Competition) -> list[str]:
    return [name for name in competition.submission.predictions if name in table.columns]


def _holds_answers(table: pd.DataFrame, truth: pd.DataFrame, competition: Competition) -> bool:
    ids = list(competition.submission.id)
    columns = [name for name in _shared(table, competition) if name in truth.columns]
    if not columns or not set(ids) <= set(table.columns) or not set(ids) <= set(truth.columns):
        return False
    both = table[[*ids, *columns]].merge(truth[[*ids, *columns]], on=ids, suffixes=("", " true"))
    return any((both[name] == both[f"{name} true"]).any() for name in columns)


def _tables(folder: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield every table in the folder, those in .zip files too, with values as text."""
    import pandas as pd

    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.stat().st_size > LARGEST_BYTES:
            continue
        name = path.relative_to(folder).as_posix()
        if path.suffix in (".csv", ".tsv"):
            yield name, _texts(path)
        elif path.suffix == ".parquet":
            yield name, pd.read_parquet(path).astype(str)
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    if member.endswith((".csv", ".tsv")):
                        yield f"{name}:{member}", _texts(io.BytesIO(archive.read(member)), member)


def _texts(source: Path | io.BytesIO, name: str = "") -> pd.DataFrame:
    import pandas as pd

    separator = "\t" if (name or str(source)).endswith(".tsv") else ","
    try:
        return pd.read_csv(source, dtype=str, keep_default_na=False, na_filter=False, sep=separator)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError):
        return pd.DataFrame()
