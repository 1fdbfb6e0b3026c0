"""Reads a submission as untrusted input: any bytes whatever give a checked table or InvalidSubmission, soon.

The file is opened without following links and must be a regular file of bounded size. The rules come from the spec, the
ids from the public sample submission; nothing here can read labels, and a reason is one short line whose quoted values
are cut and escaped, since the agent gets to see it. Row order is free, column order too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import cells, csvfile
from harness.columns import Column
from harness.competition import Competition, SubmissionSpec
from harness.errors import InvalidSubmission
from harness.manifest import Prepared

if TYPE_CHECKING:
    import pandas as pd

SMALLEST_LIMIT_BYTES = 16 * 2**20
TIMES_THE_SAMPLE = 20  # many decimals and quotes make a submission longer than its sample, never by this much


def check(competition: Competition, prepared: Prepared, path: Path) -> None:
    """Raise InvalidSubmission unless the file keeps every rule of the competition; labels play no part."""
    read(competition, prepared, path)


def read(competition: Competition, prepared: Prepared, path: Path) -> pd.DataFrame:
    """Return the predictions, indexed by id in the sample submission's order."""
    spec = competition.submission
    sample = prepared.public / spec.sample_file
    limit = spec.max_bytes or max(SMALLEST_LIMIT_BYTES, TIMES_THE_SAMPLE * sample.stat().st_size)
    given = table(read_bytes(path, limit), spec.columns)
    expected = table(sample.read_bytes(), {name: spec.columns[name] for name in spec.id}, others_allowed=True)
    return _align(given, expected, spec)


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; never follow a link or wait on a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InvalidSubmission("there is no submission file") from None
    except OSError as error:
        raise InvalidSubmission(f"the file can't be opened as a regular one ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InvalidSubmission("the submission is not a regular file")
        if status.st_size > limit:
            raise InvalidSubmission(f"the file is larger than {limit} bytes")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise InvalidSubmission(f"the file is larger than {limit} bytes")
    if not content.strip():
        raise InvalidSubmission("the file is empty")
    return content


def table(content: bytes, columns: Mapping[str, Column], *, others_allowed: bool = False) -> pd.DataFrame:
    """Return a CSV's columns as the declared types; InvalidSubmission says what does not fit, and where."""
    import pandas as pd

    texts = csvfile.parse(content, list(columns), others_allowed=others_allowed)
    return pd.DataFrame({name: cells.convert(name, texts[name], column) for name, column in columns.items()})


def _align(given: pd.DataFrame, expected: pd.DataFrame, spec: SubmissionSpec) -> pd.DataFrame:
    """Bring the rows into the expected ids' order; every id exactly once, and no other."""
    ids = list(spec.id)
    wanted, found = keys(expected, ids), keys(given, ids)
    if found.has_duplicates:
        row = int(found.duplicated().argmax())
        raise InvalidSubmission(f"{_at(ids)}, row {row + 1}: id {csvfile.shown(found[row])} appears more than once")
    places = found.get_indexer(wanted)
    if (unknown := ~found.isin(wanted)).any():
        row = int(unknown.argmax())
        raise InvalidSubmission(f"{_at(ids)}, row {row + 1}: id {csvfile.shown(found[row])} is not in the test data")
    if (places < 0).any():
        first = wanted[int((places < 0).argmax())]
        raise InvalidSubmission(
            f"{_at(ids)}: id {csvfile.shown(first)} is missing; found {len(found)} rows, expected {len(wanted)}"
        )
    return given[list(spec.predictions)].take(places).set_axis(wanted)


def keys(frame: pd.DataFrame, ids: list[str]) -> pd.Index[Any]:
    """Return the rows' ids as an index: plain for one id column, of tuples for several."""
    import pandas as pd

    return pd.Index(frame[ids[0]]) if len(ids) == 1 else pd.MultiIndex.from_frame(frame[ids])


def _at(ids: list[str]) -> str:
    return f"column {ids[0]!r}" if len(ids) == 1 else f"columns {', '.join(map(repr, ids))}"
