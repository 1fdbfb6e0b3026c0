"""Submissions are untrusted: whatever the bytes, a checked table or one line of reason, and soon."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.data.manifest import Prepared
from harness.errors import InvalidSubmission
from harness.grading import submission
from harness.grading.submission import Predictions
from harness.specs.competition import Competition, SubmissionSpec

SPEC = SubmissionSpec.model_validate(
    {
        "id": "key",
        "columns": {
            "key": {"type": "text"},
            "flag": {"type": "boolean"},
            "chance": {"type": "number", "minimum": 0, "maximum": 1},
            "count": {"type": "integer", "minimum": 0},
            "kind": {"type": "label", "labels": ["cat", "dog"]},
            "note": {"type": "text"},
        },
    }
)
SAMPLE = b"key,flag\na,False\nb,False\nc,False\n"
ROWS = ["key,flag,chance,count,kind,note", "a,True,0.5,1,cat,x", "b,False,1,2,dog,y", "c,True,0,3,cat,z"]


def read(content: bytes, spec: SubmissionSpec = SPEC, sample: bytes = SAMPLE) -> Predictions:
    return submission.parse(content, spec, submission.ids_of(sample, spec))


def text_of(*rows: str) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def with_cell(row: int, column: str, value: str) -> bytes:
    """Return the good submission with one cell changed; row 1 is the first below the header."""
    names = ROWS[0].split(",")
    cells = ROWS[row].split(",")
    cells[names.index(column)] = value
    return text_of(*[*ROWS[:row], ",".join(cells), *ROWS[row + 1 :]])


def values(content: bytes) -> dict[str, list[object]]:
    table = read(content)
    return {name: table.columns[name].tolist() for name in table.predicted}


GOOD = {
    "flag": [True, False, True],
    "chance": [0.5, 1.0, 0.0],
    "count": [1, 2, 3],
    "kind": ["cat", "dog", "cat"],
    "note": ["x", "y", "z"],
}


@pytest.mark.parametrize(
    "content",
    [
        text_of(*ROWS),
        text_of(*ROWS).rstrip(b"\n"),
        text_of(*ROWS).replace(b"\n", b"\r\n"),
        text_of(*ROWS).replace(b"\n", b"\n\n"),
        b"\xef\xbb\xbf" + text_of(*ROWS),
        text_of(ROWS[0], ROWS[3], ROWS[1], ROWS[2]),
        text_of(*[",".join(reversed(row.split(","))) for row in ROWS]),
        text_of(*[",".join(f'"{cell}"' for cell in row.split(",")) for row in ROWS]),
        with_cell(1, "count", "1.0"),
        with_cell(1, "chance", " 5e-1 "),
    ],
)
def test_row_order_column_order_and_usual_spellings_are_free(content: bytes) -> None:
    assert values(content) == GOOD


@pytest.mark.parametrize(
    ("spelling", "yes", "no"),
    [("words", "TRUE", "false"), ("digits", "1", "0"), ("floats", "1.0", "0.0")],
)
def test_booleans_are_read_as_pandas_and_a_comparison_with_booleans_would(spelling: str, yes: str, no: str) -> None:
    rows = [ROWS[0], *(row.replace("True", yes).replace("False", no) for row in ROWS[1:])]
    assert values(text_of(*rows))["flag"] == GOOD["flag"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b" \r\n\t", "the file is empty"),
        (b"\xff\xfe" + "key".encode("utf-16-le"), r"line 1 .*"),
        (text_of(*ROWS).replace(b"dog", b"d\xe9g"), r"line 3 is not UTF-8 \(byte 0xe9\)"),
        (text_of(*ROWS).replace(b"dog", b"d\0g"), r"line 3 holds a NUL byte"),
        (text_of(ROWS[0]), r"column 'key': id 'a' is missing; found 0 rows, expected 3"),
        (text_of(*ROWS[:3]), r"column 'key': id 'c' is missing; found 2 rows, expected 3"),
        (text_of(*ROWS, "d,True,0,3,cat,z"), r"column 'key', row 4: id 'd' is not in the test data"),
        (text_of(*ROWS, ROWS[2]), r"column 'key', row 4: id 'b' appears more than once"),
        (text_of(*ROWS, *["a,True,0,3,cat,z"] * 9), r"found 12 rows, expected 3"),
        (text_of(*ROWS, "1,2"), r"row 4 has 2 values where the header has 6"),
        (text_of(*ROWS, "1,2,3,4,5,6,7"), r"row 4 has 7 values where the header has 6"),
        (text_of(*[row + ",1" for row in ROWS]), r"column '1' is not expected; expected the columns key, .*"),
        (text_of(*[row.rpartition(",")[0] for row in ROWS]), r"column 'note' is missing; expected the columns .*"),
        (text_of(ROWS[0].replace("note", "key"), *ROWS[1:]), r"column 'key' appears 2 times; .*"),
        (text_of(*ROWS, '"open'), r"row 4 has 1 values where the header has 6"),
        (with_cell(2, "chance", ""), r"column 'chance', row 2: expected a number, found an empty value"),
        (with_cell(2, "chance", "high"), r"column 'chance', row 2: expected a number, found 'high'"),
        (with_cell(2, "chance", "NaN"), r"column 'chance', row 2: expected a finite number, found 'NaN'"),
        (with_cell(2, "chance", "-inf"), r"column 'chance', row 2: expected a finite number, found '-inf'"),
        (with_cell(3, "chance", "1.01"), r"column 'chance', row 3: expected a number from 0 to 1, found '1\.01'"),
        (with_cell(3, "chance", "1e999"), r"column 'chance', row 3: expected a .*, found '1e999'"),
        (with_cell(2, "count", "2.5"), r"column 'count', row 2: expected a whole number, found '2\.5'"),
        (with_cell(2, "count", "1e300"), r"column 'count', row 2: expected a whole number, found '1e300'"),
        (with_cell(2, "count", "-1"), r"column 'count', row 2: expected at least 0, found '-1'"),
        (with_cell(1, "flag", "yes"), r"column 'flag', row 1: expected True or False, found 'yes'"),
        (with_cell(3, "flag", "1"), r"column 'flag', row 3: expected True or False, found '1'"),
        (with_cell(3, "flag", ""), r"column 'flag', row 3: expected True or False, found an empty value"),
        (with_cell(1, "kind", "Cat"), r"column 'kind', row 1: expected one of cat, dog, found 'Cat'"),
        (with_cell(1, "kind", "=1+1"), r"column 'kind', row 1: expected one of cat, dog, found '=1\+1'"),
    ],
)
def test_a_broken_rule_is_told_with_column_and_row(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidSubmission) as caught:
        read(submission.read_bytes(path, 2**20))
    assert re.fullmatch(reason, str(caught.value)), str(caught.value)


def test_integer_labels_are_whole_numbers_of_the_list() -> None:
    columns = {"key": {"type": "text"}, "y": {"type": "label", "labels": [0, 1, 2]}}
    spec = SubmissionSpec.model_validate({"id": "key", "columns": columns})
    assert read(b"key,y\na,0\nb,1.0\nc,2\n", spec).array().tolist() == [0, 1, 2]
    with pytest.raises(InvalidSubmission, match="column 'y', row 2: expected one of 0, 1, 2, found '3'"):
        read(b"key,y\na,0\nb,3\nc,2\n", spec)


def test_an_id_of_several_columns_counts_as_one() -> None:
    columns = {"a": {"type": "text"}, "b": {"type": "integer"}, "y": {"type": "number"}}
    spec = SubmissionSpec.model_validate({"id": ["a", "b"], "columns": columns})
    sample = b"a,b,y\nx,1,0\nx,2,0\ny,1,0\n"
    assert read(b"a,b,y\ny,1,3\nx,2,2\nx,1.0,1\n", spec, sample).array().tolist() == [1, 2, 3]
    with pytest.raises(InvalidSubmission, match=r"columns 'a', 'b', row 2: id 'x / 1' appears more than once"):
        read(b"a,b,y\nx,1,3\nx,1,2\ny,1,1\n", spec, sample)
    with pytest.raises(InvalidSubmission, match=r"row 3: id 'y / 2' is not in the test data"):
        read(b"a,b,y\nx,1,3\nx,2,2\ny,2,1\n", spec, sample)


def test_several_predicted_columns_become_a_matrix_in_the_specs_order() -> None:
    columns = {"key": {"type": "text"}, "p": {"type": "number"}, "q": {"type": "number"}}
    spec = SubmissionSpec.model_validate({"id": "key", "columns": columns})
    assert read(b"q,key,p\n6,c,5\n2,a,1\n4,b,3\n", spec).array().tolist() == [[1, 2], [3, 4], [5, 6]]


def test_a_reason_is_short_printable_and_on_one_line() -> None:
    with pytest.raises(InvalidSubmission) as caught:
        read(with_cell(1, "kind", '"\x1b[2J\n\u202e' + "x" * 500 + '"'))
    reason = str(caught.value)
    assert reason.isprintable() and reason.replace("…", "").isascii() and len(reason) < 120


def test_the_reason_is_the_same_whatever_the_labels_are(demo: Competition, demo_data: Prepared, tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("key,y\nk0_0,maybe\n")
    reasons = set()
    for answers in (demo_data.private / "answers.csv").read_text(), "key,x,y\n":
        (demo_data.private / "answers.csv").write_text(answers)
        with pytest.raises(InvalidSubmission) as caught:
            submission.check(demo, demo_data, path)
        reasons.add(str(caught.value))
    assert len(reasons) == 1


@pytest.fixture
def refused(demo: Competition, demo_data: Prepared) -> Callable[[Path], str]:
    def refused(path: Path) -> str:
        started = time.monotonic()
        with pytest.raises(InvalidSubmission) as caught:
            submission.check(demo, demo_data, path)
        assert time.monotonic() - started < 20
        return str(caught.value)

    return refused


def test_a_missing_file_is_told(refused: Callable[[Path], str], tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv") == "there is no submission file"


def test_a_link_to_the_answers_is_not_followed(
    refused: Callable[[Path], str], demo_data: Prepared, tmp_path: Path
) -> None:
    link = tmp_path / "submission.csv"
    link.symlink_to(demo_data.private / "answers.csv")
    assert "can't be opened as a regular one" in refused(link)


def test_a_pipe_a_folder_and_a_device_are_not_read(refused: Callable[[Path], str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        assert "not a regular file" in refused(path) or "can't be opened" in refused(path)


def test_a_huge_sparse_file_is_refused_by_its_size(refused: Callable[[Path], str], tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    with path.open("wb") as file:
        file.truncate(2**41)
    assert refused(path) == "the file is larger than 16777216 bytes"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("one line", b"x" * (15 << 20)),
        ("one row", b"key,y\n" + b"x" * (15 << 20)),
        ("a million columns", b",".join(b"%d" % number for number in range(10**6))),
        ("commas", b"," * (2**20 - 1)),
        ("a row of commas", b"key,y\n" + b"," * (15 << 20)),
        ("quotes", b"key,y\n" + b'"' * (15 << 20)),
        ("empty cells", b"key,y\n" + b",\n" * (7 << 20)),
        ("newlines", b"key,y\n" + b"\n" * (15 << 20)),
        ("quoted newlines", b'key,y\n"' + b"\n" * (15 << 20)),
        ("carriage returns", b"\r" * (15 << 20)),
    ],
)
def test_large_nonsense_is_refused_soon(
    refused: Callable[[Path], str], tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / "submission.csv").write_bytes(content)
    assert len(refused(tmp_path / "submission.csv")) < 200


cells = st.one_of(
    st.sampled_from(
        ["", "a", "b", "c", "True", "0", "1", "nan", "-inf", "1e400", '"', '""', "\t", "\x0b", "\u2028", "'"]
    ),
    st.text(max_size=6),
)
tables = st.lists(st.lists(cells, max_size=8).map(",".join), max_size=6).map(
    lambda rows: "\n".join(rows).encode("utf-8", "surrogatepass")
)
mutations = st.lists(st.tuples(st.integers(0, 90), st.binary(max_size=3)), max_size=4)


def mutated(changes: list[tuple[int, bytes]]) -> bytes:
    content = text_of(*ROWS)
    for place, put in changes:
        content = content[:place] + put + content[place + len(put) :]
    return content


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=300),
        tables,
        tables.map(lambda rows: ROWS[0].encode() + b"\n" + rows),
        mutations.map(mutated),
    )
)
@example(b'key,flag,chance,count,kind,note\n"a\n')
@example(b'"key","flag","chance","count","kind","note"')
@example(b"\xef\xbb\xbf\xef\xbb\xbfkey")
@example(b"\n\nkey,flag,chance,count,kind,note\r\r\n")
def test_any_bytes_give_a_checked_table_or_one_short_reason(content: bytes) -> None:
    predictions, reason = read_or_reason(content)
    if predictions is None:
        assert reason.isprintable() and 0 < len(reason) < 300
    else:
        assert predictions.ids.to_pylist() == ["a", "b", "c"]
        assert predictions.predicted == SPEC.predictions
        assert all(0 <= chance <= 1 for chance in predictions.columns["chance"])


def read_or_reason(content: bytes) -> tuple[Predictions | None, str]:
    try:
        return read(content), ""
    except InvalidSubmission as invalid:
        return None, str(invalid)
