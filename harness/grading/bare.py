"""Between Arrow's columns and numpy's arrays without a copy, and without pandas.

`to_numpy` and `pa.array` import pandas the first time, wherever it is installed: half a second, and forty megabytes in
a process that only checks whether a file is well-formed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


def as_numpy(column: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """The values of a column of numbers. Read-only where it is in one piece; with gaps it is what `to_numpy` makes."""
    import numpy as np
    import pyarrow as pa

    numbers = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if not numbers or column.null_count:
        values: NDArray[Any] = (
            column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
        )
        return values
    pieces = [_piece(chunk) for chunk in (column.chunks if isinstance(column, pa.ChunkedArray) else [column])]
    return pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, column.type.to_pandas_dtype()), *pieces])


def _piece(values: pa.Array) -> NDArray[Any]:
    import numpy as np

    data = values.buffers()[1]
    if data is None:
        return np.empty(0, values.type.to_pandas_dtype())
    whole = np.frombuffer(data, values.type.to_pandas_dtype(), count=values.offset + len(values))
    return whole[values.offset :]


def as_arrow(values: Any) -> pa.Array:
    """Numbers as a column; an Arrow array is one, anything else is what `pa.array` makes of it."""
    import numpy as np
    import pyarrow as pa

    if isinstance(values, pa.Array):
        return values
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf" and values.dtype.isnative:
        flat = np.ascontiguousarray(values)
        return pa.Array.from_buffers(pa.from_numpy_dtype(flat.dtype), len(flat), [None, pa.py_buffer(flat)])
    return pa.array(values)
