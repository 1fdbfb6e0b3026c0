"""Reads a submission as untrusted input: any bytes whatever give a checked table or InvalidSubmission, soon.

The file is opened without following links and must be a regular file of bounded size. The rules come from the spec, the
ids from the public sample submission; nothing here can read labels, and a reason is one short line whose quoted values
are cut and escaped, since the agent gets to see it. Row order is free, column order too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import cells, csvfile
from harness.columns import Column
from harness.competition import Answers, Competition, SubmissionSpec
from harness.errors import InvalidSubmission
from harness.manifest import Prepared

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

SMALLEST_LIMIT_BYTES = 16 * 2**20
TIMES_THE_SAMPLE = 20  # many decimals and quotes make a submission longer than its sample, never by this much
_BETWEEN_IDS = "\x1f"


@dataclass(frozen=True)
class Predictions:
    """A checked table: every declared column, rows in the order of `ids`."""

    ids: pa.Array
    columns: Mapping[str, NDArray[Any]]
    predicted: tuple[str, ...]

    def array(self) -> NDArray[Any]:
        """Return the predicted values as most metrics take them: 1-D for one column, else (rows, columns)."""
        import numpy as np

        columns = [self.columns[name] for name in self.predicted]
        return columns[0] if len(columns) == 1 else np.column_stack(columns)

    def at(self, ids: pa.Array) -> Predictions:
        """Return the rows of these ids, which are all among its own."""
        import pyarrow.compute as pc

        if ids.equals(self.ids):
            return self
        rows = pc.index_in(ids, value_set=self.ids).to_numpy()
        return Predictions(ids, {name: values[rows] for name, values in self.columns.items()}, self.predicted)


def check(competition: Competition, prepared: Prepared, path: Path) -> None:
    """Raise InvalidSubmission unless the file keeps every rule of the competition; labels play no part."""
    read(competition, prepared, path)


def read(competition: Competition, prepared: Prepared, path: Path) -> Predictions:
    """Return the predictions in the order of the sample submission's ids."""
    spec = competition.at(prepared.manifest.edition).submission
    sample = prepared.sample
    limit = spec.max_bytes or max(SMALLEST_LIMIT_BYTES, TIMES_THE_SAMPLE * sample.stat().st_size)
    return parse(read_bytes(path, limit), spec, ids_of(sample.read_bytes(), spec))


def parse(content: bytes, spec: SubmissionSpec, wanted: pa.Array) -> Predictions:
    """Return the predictions of a CSV in the order of the wanted ids."""
    others, longest = spec.other_columns == "allowed", spec.longest_row_bytes
    texts = csvfile.parse(content, list(spec.columns), others_allowed=others, longest_row_bytes=longest)
    if texts.num_rows > 2 * len(wanted):  # too many to look for the first wrong one
        raise InvalidSubmission(f"found {texts.num_rows} rows, expected {len(wanted)}")
    typed = _typed(texts, spec.columns)
    _check_sums(typed, spec)
    return _aligned(typed, wanted, spec)


def read_answers(content: bytes, wanted: pa.Array, spec: SubmissionSpec, answers: Answers) -> Predictions:
    """Return the truth of a private file, which may have more columns, in the order of the wanted ids."""
    import pyarrow.compute as pc

    types = {**spec.columns, **answers.columns}
    typed = _typed(csvfile.parse(content, list(types), others_allowed=True, longest_row_bytes=None), types)
    if answers.subset:
        wanted = wanted.filter(pc.is_in(wanted, value_set=_keys({name: typed[name] for name in spec.id})))
    return _aligned(typed, wanted, spec)


def ids_of(sample: bytes, spec: SubmissionSpec) -> pa.Array:
    """Return the ids of a sample submission."""
    texts = csvfile.parse(sample, list(spec.id), others_allowed=True, longest_row_bytes=None)
    return _keys({name: cells.convert(name, texts[name], spec.columns[name]) for name in spec.id})


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
        content = _read_at_most(descriptor, limit + 1) if status.st_size <= limit else b""
    finally:
        os.close(descriptor)
    if max(len(content), status.st_size) > limit:
        raise InvalidSubmission(f"the file is larger than {limit} bytes")
    if not content.strip():
        raise InvalidSubmission("the file is empty")
    return content


def _read_at_most(descriptor: int, size: int) -> bytes:
    """Read up to `size` bytes, whatever the file does meanwhile."""
    pieces: list[bytes] = []
    while size > 0 and (piece := os.read(descriptor, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _typed(texts: pa.Table, columns: Mapping[str, Column]) -> Mapping[str, Any]:
    return {name: cells.convert(name, texts[name], column) for name, column in columns.items()}


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


def _keys(columns: Mapping[str, Any]) -> pa.Array:
    """Return one key a row: the id column, or several joined."""
    import pyarrow as pa
    import pyarrow.compute as pc

    arrays = [pa.array(values) for values in columns.values()]
    if len(arrays) == 1:
        return arrays[0]
    return pc.binary_join_element_wise(*(array.cast(pa.string()) for array in arrays), _BETWEEN_IDS)


def _told_apart(keys: pa.Array) -> pa.Array:
    """Return keys that differ: the second row of an id is `id / 2`, and so on."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    again = pd.Series(keys.to_numpy(zero_copy_only=False)).groupby(keys.to_numpy(zero_copy_only=False)).cumcount()
    numbers = pa.array(again + 1).cast(pa.string())
    return pc.binary_join_element_wise(keys.cast(pa.string()), numbers, _BETWEEN_IDS)


def _aligned(typed: Mapping[str, Any], wanted: pa.Array, spec: SubmissionSpec) -> Predictions:
    """Bring the rows into the wanted ids' order; every id as often as wanted (mostly once), and no other."""
    import numpy as np
    import pyarrow.compute as pc

    found = _keys({name: typed[name] for name in spec.id})
    if spec.repeated_ids:
        found, wanted = _told_apart(found), _told_apart(wanted)
    places = pc.index_in(found, value_set=wanted).fill_null(-1).to_numpy()
    if (places < 0).any():
        row = int((places < 0).argmax())
        raise InvalidSubmission(f"{_at(spec)}, row {row + 1}: id {_id(found[row])} is not in the test data")
    rows_of = np.full(len(wanted), -1)
    rows_of[places[::-1]] = np.arange(len(places))[::-1]  # the first row of each id
    again = rows_of[places] != np.arange(len(places))
    if again.any():
        row = int(again.argmax())
        raise InvalidSubmission(f"{_at(spec)}, row {row + 1}: id {_id(found[row])} appears more than once")
    if (rows_of < 0).any():
        first = wanted[int((rows_of < 0).argmax())]
        counts = f"found {len(found)} rows, expected {len(wanted)}"
        raise InvalidSubmission(f"{_at(spec)}: id {_id(first)} is missing; {counts}")
    return Predictions(wanted, {name: _taken(typed[name], rows_of) for name in typed}, spec.predictions)


def _taken(values: Any, rows: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    taken: NDArray[Any] = (
        values[rows] if isinstance(values, np.ndarray) else values.take(rows).to_numpy(zero_copy_only=False)
    )
    return taken


def _at(spec: SubmissionSpec) -> str:
    return f"column {spec.id[0]!r}" if len(spec.id) == 1 else f"columns {', '.join(map(repr, spec.id))}"


def _id(key: Any) -> str:
    return csvfile.shown(str(key.as_py()).replace(_BETWEEN_IDS, " / "))
