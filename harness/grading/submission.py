"""Reads a submission as untrusted input: any bytes whatever give a checked table or InvalidSubmission, soon.

The file is opened without following links and must be a regular file of bounded size. The rules come from the spec, the
ids from the public sample submission; nothing here can read labels, and a reason is one short line whose quoted values
are cut and escaped, since the agent gets to see it. Row order is free, column order too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InvalidSubmission
from harness.grading import cells, csvfile
from harness.grading.alignment import keys, rows_in_order
from harness.grading.bare import as_numpy
from harness.specs.columns import Column
from harness.specs.competition import Answers, Competition, SubmissionSpec

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from harness.data.manifest import Prepared

SMALLEST_LIMIT_BYTES = 16 * 2**20
TIMES_THE_SAMPLE = 20  # many decimals and quotes make a submission longer than its sample, never by this much
PIECE_BYTES = 2**30


class Columns(Mapping[str, "NDArray[Any]"]):
    """Columns that become arrays in the right order when they are asked for: most metrics never look at ids."""

    def __init__(self, typed: Mapping[str, Any], rows: NDArray[Any] | None) -> None:
        self._typed = dict(typed)
        self._rows = rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        import numpy as np

        values = self._typed[name]
        if self._rows is not None:
            values = values[self._rows] if isinstance(values, np.ndarray) else values.take(self._rows)
        array: NDArray[Any] = values if isinstance(values, np.ndarray) else values.to_numpy(zero_copy_only=False)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._typed)

    def __len__(self) -> int:
        return len(self._typed)

    def at(self, rows: NDArray[Any]) -> Columns:
        """Return the columns at some of the rows, in the order of these."""
        return Columns(self._typed, rows if self._rows is None else self._rows[rows])


@dataclass(frozen=True)
class Predictions:
    """A checked table: every declared column, rows in the order of `ids`."""

    ids: pa.Array
    columns: Columns
    predicted: tuple[str, ...]

    def array(self) -> NDArray[Any]:
        """Return the predicted values as most metrics take them: 1-D for one column, else (rows, columns)."""
        import numpy as np

        columns = [self.columns[name] for name in self.predicted]
        return columns[0] if len(columns) == 1 else np.stack(columns).T  # whole columns are copied faster than rows

    def at(self, ids: pa.Array) -> Predictions:
        """Return the rows of these ids, which are all among its own."""
        import pyarrow.compute as pc

        if ids.equals(self.ids):
            return self
        rows = as_numpy(pc.index_in(ids, value_set=self.ids))
        return Predictions(ids, self.columns.at(rows), self.predicted)


def check(competition: Competition, prepared: Prepared, path: Path) -> None:
    """Raise InvalidSubmission unless the file keeps every rule of the competition; labels play no part."""
    read(competition, prepared, path)


def read(competition: Competition, prepared: Prepared, path: Path) -> Predictions:
    """Return the predictions in the order of the sample submission's ids."""
    return read_as(competition.at(prepared.manifest.edition).submission, prepared.sample, path)


def read_as(spec: SubmissionSpec, sample: Path, path: Path) -> Predictions:
    """Return the predictions by these rules, in the order of that sample submission's ids."""
    return parse(read_bytes(path, largest(spec, sample)), spec, ids_of(sample.read_bytes(), spec))


def largest(spec: SubmissionSpec, sample: Path) -> int:
    """Return how many bytes a submission may have."""
    return spec.max_bytes or max(SMALLEST_LIMIT_BYTES, TIMES_THE_SAMPLE * sample.stat().st_size)


def parse(content: bytes, spec: SubmissionSpec, wanted: pa.Array) -> Predictions:
    """Return the predictions of a CSV in the order of the wanted ids."""
    typed = _typed(content, spec.columns, 2 * len(wanted), spec.other_columns == "allowed", spec.longest_row_bytes)
    _check_sums(typed, spec)
    aligned = _aligned(typed, wanted, spec)
    return _as_it_stands(aligned, typed, content, spec) if spec.by_position else aligned


def read_answers(content: bytes, wanted: pa.Array | None, spec: SubmissionSpec, answers: Answers) -> Predictions:
    """Return the truth of a private file, which may have more columns, in the order of the wanted ids or its own."""
    import pyarrow.compute as pc

    typed = _typed(content, {**spec.columns, **answers.columns})
    own = keys({name: typed[name] for name in spec.id})
    if wanted is None:
        return Predictions(own, Columns(typed, None), spec.predictions)
    if answers.subset:
        wanted = wanted.filter(pc.is_in(wanted, value_set=own))
    return _aligned(typed, wanted, spec)


def ids_of(sample: bytes, spec: SubmissionSpec) -> pa.Array:
    """Return the ids of a sample submission."""
    return keys(_typed(sample, {name: spec.columns[name] for name in spec.id}))


def read_bytes(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; never follow a link or wait on a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InvalidSubmission("there is no submission file") from None
    except OSError as error:
        raise InvalidSubmission(f"the file can't be opened as a regular one ({error.strerror})") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidSubmission("the submission is not a regular file")
        content = _read_at_most(descriptor, limit + 1, status.st_size) if status.st_size <= limit else b""
    finally:
        os.close(descriptor)
    if max(len(content), status.st_size) > limit:
        raise InvalidSubmission(f"the file is larger than {limit} bytes")
    if not content or content.isspace():
        raise InvalidSubmission("the file is empty")
    return content


def _read_at_most(descriptor: int, most: int, expected: int) -> bytes:
    """Read up to `most` bytes, whatever the file does meanwhile; mostly it is as large as expected."""
    pieces: list[bytes] = []
    while most > 0 and (piece := os.read(descriptor, min(most, PIECE_BYTES, expected + 1))):
        pieces.append(piece)
        most -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _typed(
    content: bytes,
    columns: Mapping[str, Column],
    most_rows: int | None = None,
    others_allowed: bool = True,
    longest_row_bytes: int | None = None,
) -> dict[str, Any]:
    """Return the columns' values, the fast way if it can be, else (or for the reason) by way of text.

    The defaults are for files of our own.
    """
    try:
        storage = {name: cells.storage(column) for name, column in columns.items()}
        parsed = csvfile.parse_fast(
            content, storage, others_allowed=others_allowed, longest_row_bytes=longest_row_bytes
        )
        _refuse_more(len(next(iter(parsed.values()))), most_rows)
        return {name: cells.read(parsed.pop(name), column) for name, column in columns.items()}
    except (csvfile.Unclear, cells.Misfit):
        texts = csvfile.parse(
            content, list(columns), others_allowed=others_allowed, longest_row_bytes=longest_row_bytes
        )
    _refuse_more(texts.num_rows, most_rows)
    return {name: cells.convert(name, texts[name], column) for name, column in columns.items()}


def _refuse_more(rows: int, most_rows: int | None) -> None:
    """Refuse more rows than it is worth looking through for the first wrong one."""
    if most_rows is not None and rows > most_rows:
        raise InvalidSubmission(f"found {rows} rows, expected {most_rows // 2}")


def _check_sums(typed: Mapping[str, Any], spec: SubmissionSpec) -> None:
    import numpy as np

    if spec.sums_to_one is None:
        return
    total = np.zeros(len(typed[spec.summed[0]]))
    for name in spec.summed:
        total += typed[name]
    wrong = np.abs(total - 1) > spec.sums_to_one.tolerance
    if wrong.any():
        row = int(wrong.argmax())
        columns = f"the {len(spec.summed)} columns from {spec.summed[0]!r} to {spec.summed[-1]!r}"
        raise InvalidSubmission(f"{columns}, row {row + 1}: expected a sum of 1, found {total[row]:.9g}")


def _aligned(typed: dict[str, Any], wanted: pa.Array, spec: SubmissionSpec) -> Predictions:
    found = keys({name: typed[name] for name in spec.id})
    rows = rows_in_order(found, wanted, spec.id, repeated=spec.repeated_ids)
    return Predictions(wanted, Columns(typed, rows), spec.predictions)


def _as_it_stands(aligned: Predictions, typed: dict[str, Any], content: bytes, spec: SubmissionSpec) -> Predictions:
    """Follow a grader that goes by places: ids and names have been found right, but they decide nothing."""
    columns = Columns(typed, None) if "rows" in spec.by_position else aligned.columns
    order = csvfile.header(content) if "columns" in spec.by_position else spec.columns
    return Predictions(aligned.ids, columns, tuple(name for name in order if name in spec.predictions))
