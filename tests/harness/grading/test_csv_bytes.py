"""What is written is what pandas would have written, whatever is in the table."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.splits import csv_bytes
from harness.splits.csv_bytes import Lines, write_csv


def written(table: pd.DataFrame, separator: str = ",") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_csv(table, Path(folder, "t.csv"), separator=separator)
        return Path(folder, "t.csv").read_bytes()


def pandas_bytes(table: pd.DataFrame, separator: str = ",") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        table.to_csv(Path(folder, "t.csv"), index=False, sep=separator)
        return Path(folder, "t.csv").read_bytes()


NASTY = st.text(st.sampled_from(list(",\"'\n\r\t ;aé漢\U0001f600\\#0-")), max_size=6)
FLOATS = st.floats(width=64) | st.sampled_from(
    [0.0, -0.0, 1e16, 9999999999999998.0, 1e15, 1e-4, 9.999e-5, 5e-324, 1e22, 1e23, 123456789012345.6, 0.1 + 0.2, 1e-5]
)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
COLUMNS = {
    "text": NASTY,
    "gaps": NASTY | st.none(),
    "object": st.one_of(NASTY, st.none(), st.booleans(), INTEGERS, FLOATS, st.just(b"bytes"), st.just([1, 2])),
    "float": FLOATS,
    "integer": INTEGERS,
    "unsigned": st.integers(0, 2**64 - 1),
    "small": st.integers(-128, 127),
    "boolean": st.booleans(),
    "flags with gaps": st.sampled_from([True, False, None]),
    "single": st.floats(width=32),
    "date": st.datetimes(pd.Timestamp("1900-01-01").to_pydatetime(), pd.Timestamp("2100-01-01").to_pydatetime()),
    "category": st.sampled_from(["a", "b,c"]),
}
DTYPES = {
    "object": object,
    "flags with gaps": object,
    "float": np.float64,
    "integer": np.int64,
    "unsigned": np.uint64,
    "small": np.int8,
    "boolean": bool,
    "single": np.float32,
    "category": "category",
}


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Up to five columns of any kinds, some rows, in any order, under any names."""
    kinds = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=5))
    count = draw(st.integers(0, 8))
    columns = [
        pd.Series(draw(st.lists(COLUMNS[kind], min_size=count, max_size=count)), dtype=DTYPES.get(kind))  # type: ignore[arg-type]
        for kind in kinds
    ]
    table = pd.concat(columns, axis=1)
    table.columns = pd.Index([draw(NASTY) for _ in kinds])
    return table.sample(frac=1, random_state=0)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.sampled_from([",", "\t", ";"]))
def test_any_table_is_written_as_pandas_writes_it(table: pd.DataFrame, separator: str) -> None:
    assert written(table, separator) == pandas_bytes(table, separator)


WORDS = ["", "NA", "nan", "NaN", "null", "True", "False", "TRUE", "true", " 1", "1 ", "0x1F", "1_000"]
NUMBERS = ["0", "-0", "007", "+5", "1e5", "1.50", ".5", "5.", "-0.0", "1e400", "inf", "-inf", "18446744073709551616"]
CELLS = st.one_of(
    NASTY,
    st.sampled_from([*WORDS, *NUMBERS]),
    FLOATS.map(repr),
    INTEGERS.map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12))
def test_whatever_pandas_reads_is_written_as_pandas_writes_it(rows: list[list[str]]) -> None:
    text = "a,b,c\n" + "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    table = pd.read_csv(io.StringIO(text))
    assert written(table) == pandas_bytes(table)


@settings(max_examples=100, deadline=None)
@given(st.lists(FLOATS | st.floats(1e-4, 1e16), min_size=1, max_size=200))
def test_numbers_are_written_as_python_writes_them(values: list[float]) -> None:
    lines = written(pd.DataFrame({"x": np.array(values, np.float64), "y": 1})).decode().splitlines()[1:]
    assert lines == [("" if value != value else repr(value)) + ",1" for value in values]


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_bytes, "CELLS", 30)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"x": rng.normal(size=1001), "y": rng.integers(0, 9, 1001), "z": [f"{n},{n}" for n in range(1001)]}
    )
    table["mixed"] = table.y.astype(object).where(table.index < 500, table.z)
    assert written(table) == pandas_bytes(table)


def test_texts_that_occur_often_are_quoted_all_the_same() -> None:
    table = pd.DataFrame({"x": ["a,b", "plain", 'a "quote"', None] * 50, "y": ["", "a\nb"] * 100})
    assert written(table) == pandas_bytes(table)


def test_chosen_rows_are_written_in_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(csv_bytes, "CELLS", 30)
    monkeypatch.setattr(csv_bytes, "ROWS", 7)
    table = pd.DataFrame({"x": range(100), "y": [f"{n},{n}" for n in range(100)]})
    order = np.random.default_rng(0).permutation(100)
    for unusual in (False, True):
        table["when"] = pd.Timestamp("2020-01-01") if unusual else "then"
        lines = Lines(table)
        for rows in (order[:70], order[70:], order[:0]):
            lines.write(tmp_path / "t.csv", rows)
            assert (tmp_path / "t.csv").read_bytes() == pandas_bytes(table.iloc[rows])


def test_a_table_without_rows_or_with_unusual_names_is_written_too() -> None:
    for table in (
        pd.DataFrame({"a": [], "b": []}),
        pd.DataFrame(index=range(3)),
        pd.DataFrame({1: [2], 3: ["x"]}),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
        pd.DataFrame([[1, "x"], [2, "y,"]], columns=["same", "same"]),
    ):
        assert written(table) == pandas_bytes(table)


def test_a_name_that_asks_for_compression_gets_it(tmp_path: Path) -> None:
    write_csv(pd.DataFrame({"a": [1]}), tmp_path / "t.csv.gz")
    assert pd.read_csv(tmp_path / "t.csv.gz").a.tolist() == [1]
    assert (tmp_path / "t.csv.gz").read_bytes()[:2] == b"\x1f\x8b"
