"""Columns become arrays and arrays columns as pyarrow does it, but pandas stays out of it."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from harness.grading.bare import as_arrow, as_numpy

COLUMNS = {
    "integers": pa.array([3, 1, 2]),
    "floats": pa.array([0.5, float("nan"), -1.0]),
    "small": pa.array([1, 2, 3], pa.int16()),
    "unsigned": pa.array([1, 2, 255], pa.uint8()),
    "a part": pa.array([1, 2, 3, 4, 5]).slice(1, 3),
    "an empty part": pa.array([1, 2, 3]).slice(3),
    "empty": pa.array([], pa.float64()),
    "with gaps": pa.array([1, None, 3]),
    "booleans": pa.array([True, False]),
    "text": pa.array(["a", None, "b"]),
    "chunks": pa.chunked_array([[1, 2], [], [3]], pa.int64()),
    "parts of chunks": pa.chunked_array([[1.0, 2.0], [3.0, 4.0]]).slice(1, 2),
    "one chunk": pa.chunked_array([[1, 2]]),
    "no chunk": pa.chunked_array([], pa.int32()),
    "chunks with gaps": pa.chunked_array([[1, None], [3]]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_the_array_that_to_numpy_makes(name):
    column = COLUMNS[name]
    usual = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
    ours = as_numpy(column)
    assert ours.dtype == usual.dtype
    np.testing.assert_array_equal(ours, usual)


ARRAYS = {
    "integers": np.array([3, 1, 2]),
    "floats": np.array([0.5, np.nan]),
    "every second": np.arange(10)[::2],
    "another byte order": np.array([1, 2], dtype=">i8"),
    "booleans": np.array([True, False]),
    "objects": np.array(["a", "b"], dtype=object),
    "empty": np.array([], dtype=np.int16),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_the_column_that_pyarrow_makes(name):
    array = ARRAYS[name]
    try:
        usual = pa.array(array)
    except pa.ArrowNotImplementedError:
        with pytest.raises(pa.ArrowNotImplementedError):
            as_arrow(array)
        return
    ours = as_arrow(array)
    assert ours.type == usual.type
    np.testing.assert_array_equal(ours.to_numpy(zero_copy_only=False), usual.to_numpy(zero_copy_only=False))


def test_an_arrow_column_stays_as_it_is():
    column = pa.array(["a"])
    assert as_arrow(column) is column


SPEC = """
import sys
from harness.grading.submission import ids_of, parse
from harness.specs.competition import SubmissionSpec
spec = SubmissionSpec.model_validate({"id": ["id"], "columns": {"id": %s, "y": %s}})
parse(%r, spec, ids_of(%r, spec))
print("pandas" in sys.modules)
"""
TEXT, NUMBER = '{"type": "text"}', '{"type": "number", "minimum": 0, "maximum": 9}'
INTEGER, BOOLEAN = '{"type": "integer"}', '{"type": "boolean"}'
LABEL = '{"type": "label", "labels": ["cat", "dog"]}'


@pytest.mark.parametrize(
    ("key", "value", "rows"),
    [
        (TEXT, BOOLEAN, ["a_1,True", "a_2,False"]),
        (INTEGER, NUMBER, ["1,0.5", "2,1e0", "3,3"]),
        (INTEGER, LABEL, ["7,cat", "8,dog"]),
        (TEXT, INTEGER, ["a,1", "b,2"]),
    ],
)
def test_a_submission_is_checked_without_pandas(key, value, rows):
    sample, turned = ("\n".join(["id,y", *order, ""]).encode() for order in (rows, rows[::-1]))
    code = SPEC % (key, value, turned, sample)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("False\n", "")
