"""Nonsense of every kind is an invalid submission: with one short reason, soon, and in memory bounded by its size.

Large files are read in a process of its own whose processor time is limited, and which tells the memory that each took.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.errors import InvalidSubmission
from harness.grading import csvfile, submission
from harness.specs.competition import SubmissionSpec

COLUMNS = {
    "key": {"type": "text"},
    "n": {"type": "integer"},
    "p": {"type": "number", "minimum": 0, "maximum": 1},
    "flag": {"type": "boolean"},
    "kind": {"type": "label", "labels": ["cat", "dog"]},
    "grade": {"type": "label", "labels": [1, 2]},
    "mask": {"type": "rle", "pixels": 9},
    "tags": {"type": "list", "items": "integer", "least": 0},
}
SPEC = SubmissionSpec.model_validate({"id": ["key", "n"], "columns": COLUMNS})
SAMPLE = b"key,n\na,1\nb,2\nc,3\n"
GOOD = [list(COLUMNS), *([key, n, "0.5", "True", "cat", "1", "1 3", "4 5"] for key, n in ("a1", "b2", "c3"))]


def outcome(content: bytes) -> dict[str, list[Any]] | str:
    """The predictions, or the reason."""
    try:
        read = submission.parse(content, SPEC, submission.ids_of(SAMPLE, SPEC))
    except InvalidSubmission as invalid:
        return str(invalid)
    return {name: read.columns[name].tolist() for name in read.predicted}


def text_of(rows: list[list[str]], comma: str = ",", newline: str = "\n") -> bytes:
    return "".join(comma.join(row) + newline for row in rows).encode("utf-8", "surrogatepass")


def with_value(row: int, column: str, value: str) -> bytes:
    rows = [list(cells) for cells in GOOD]
    rows[row][list(COLUMNS).index(column)] = value
    return text_of(rows)


def test_the_good_one_is_good() -> None:
    assert isinstance(outcome(text_of(GOOD)), dict)
    assert outcome(text_of(GOOD, newline="\r\n")) == outcome(text_of(GOOD)) == outcome(text_of(GOOD, newline="\r"))


@pytest.mark.parametrize("column", ["n", "p", "flag", "kind", "grade", "mask", "tags"])
@pytest.mark.parametrize(
    "value",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "@SUM(1)",
        "inf",
        "-inf",
        "Infinity",
        "nan",
        "1e400",
        "-1e400",
        "0x1p3",
        "1_0",
        "١",
        "１",
        "1e",
        "+-1",
        "7" * 5000,
        "-" + "7" * 5000,
        '"""1"""',
        '"1\n2x"',
        "1;2",
        "\ufeff1",
        "\u202e1",
        "🦄",
        "NULL",
        "None",
        "TRUE ",
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_column_and_row(column: str, value: str) -> None:
    reason = outcome(with_value(2, column, value))
    assert isinstance(reason, str), reason
    assert reason.isprintable() and reason.replace("…", "").isascii() and len(reason) < 200
    assert ("row 2" in reason and repr(column) in reason) or "id 'b / " in reason, reason


@pytest.mark.parametrize(
    "content",
    [
        text_of(GOOD).decode().encode("utf-16"),
        text_of(GOOD).decode().encode("utf-16-le"),
        text_of(GOOD).decode().encode("utf-32"),
        text_of(GOOD).replace(b"cat", "ä".encode("latin-1")),
        text_of(GOOD).replace(b"cat", b"\xed\xa0\x80"),
        text_of(GOOD).replace(b"cat", b"c\0t"),
        b"\0" + text_of(GOOD),
        csvfile._BOM * 2 + text_of(GOOD),
        text_of(GOOD, comma=";"),
        text_of(GOOD, comma="\t"),
        text_of(GOOD, newline="\x85"),
        text_of(GOOD, newline="\u2028"),
        text_of(GOOD, newline="\v"),
        text_of([*GOOD, GOOD[0]]),
        text_of([[*row, row[0]] for row in GOOD]),
        text_of([[row[0], *row] for row in GOOD]),
        text_of(GOOD[1:]),
        text_of([[f'"{cell}' for cell in row] for row in GOOD]),
        text_of([[f'"{cell}"x' for cell in row] for row in GOOD]),
        b"PK\x03\x04" + bytes(range(1, 128)),
        b"<!DOCTYPE html><html></html>",
        b'{"key": "a"}',
        b"#!/bin/sh\nrm -rf /\n",
        b",",
        b'"',
        b"\r\n\r\n,\r\n",
        b"\xef\xbb\xbf",
    ],
)
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    reason = outcome(content)
    assert isinstance(reason, str), reason
    assert reason.isprintable() and len(reason) < 300


PLAIN = "0 1 2 1.0 +1 -0 0x1 0X2 1e0 1e400 nan True TRUE t false cat dog Cat 1,1 é NA"
QUEER = ("", " ", " 1", "1 ", "1 3", "1 3 2 1", "4 1 9 1", '"1"', '"1\n"', '"', "\r", "\x1f")
spellings = st.one_of(
    st.sampled_from([*PLAIN.split(), *QUEER]), st.floats().map(str), st.integers().map(str), st.text(max_size=3)
)
changes = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(list(COLUMNS)), spellings), max_size=3)


def changed(places: list[tuple[int, str, str]]) -> bytes:
    rows = [list(cells) for cells in GOOD]
    for row, column, value in places:
        rows[row][list(COLUMNS).index(column)] = value
    return text_of(rows)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(st.one_of(changes.map(changed), st.binary(max_size=60).map(lambda tail: text_of(GOOD) + tail)))
@example(changed([(1, "n", "0x1")]))
@example(changed([(1, "flag", "1"), (2, "flag", "0"), (3, "flag", "1.0")]))
@example(changed([(1, "grade", "1.0")]))
def test_reading_fast_and_reading_text_agree(content: bytes) -> None:
    def unclear(*_: object, **__: object) -> None:
        raise csvfile.Unclear

    fast = outcome(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csvfile, "parse_fast", unclear)
        assert outcome(content) == fast


LARGE = r"""
import json, resource, sys
from pathlib import Path
from harness.grading import csvfile, mle_bench, submission
from harness.specs.competition import SubmissionSpec
from harness.errors import InvalidSubmission

resource.setrlimit(resource.RLIMIT_CPU, (240, 240))
M = 2**20
GOOD = b"key,y\na,1\nb,1\n"
CASES = {
    "nothing of the kind": b"key,z\na,1\n",
    "one line": b"x" * (15 * M),
    "one row": b"key,y\n" + b"x" * (15 * M),
    "one value": b"key,y\na," + b"7" * (15 * M),
    "header of a million columns": b",".join(b"%d" % number for number in range(10**6)),
    "header of repeated columns": b"key,y" + b",y" * (M // 4),
    "row of a million columns": GOOD + b",".join(b"%d" % number for number in range(10**6)),
    "row of commas": b"key,y\n" + b"," * (15 * M),
    "rows of commas": b"key,y\n" + (b"," * 1000 + b"\n") * (15 * M // 1001),
    "quotes": b"key,y\n" + b'"' * (15 * M),
    "nested quotes": b'key,y\n"' + b'""' * (7 * M) + b'",1\n',
    "open quotes": b"key,y\n" + b'"a,1\n' * (3 * M),
    "quoted newlines": b'key,y\n"' + b"\n" * (15 * M) + b'",1\n',
    "newlines": b"key,y\n" + b"\n" * (15 * M),
    "carriage returns": b"key,y\n" + b"\r" * (15 * M),
    "rows": b"key,y\n" + b"a,1\n" * (15 * M // 4),
    "different rows": b"key,y\n" + b"".join(b"%d,1\n" % row for row in range(M)),
    "empty values": b"key,y\n" + b",\n" * (7 * M),
    "long numbers": b"key,y\n" + (b"a," + b"9" * 5000 + b"\n") * (15 * M // 5003),
    "infinities": b"key,y\n" + b"a,inf\n" * (15 * M // 6),
    "zeros": b"key,y\na,1" + b"\0" * (15 * M),
    "not utf-8 at the end": b"key,y\n" + b"a,1\n" * (15 * M // 4) + b"\xff",
}
folder = Path(sys.argv[1])
columns = {"key": {"type": "text"}, "y": {"type": "number"}}
spec = SubmissionSpec.model_validate({"id": "key", "columns": columns})
wanted = submission.ids_of(b"key\na\nb\n", spec)
(folder / "answers.csv").write_bytes(GOOD)
rule = mle_bench.Rule()

def highest():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024

def measured(read):
    Path("/proc/self/clear_refs").write_text("5")
    before = highest()
    try:
        return repr(read()), highest() - before
    except InvalidSubmission as invalid:
        return str(invalid), highest() - before

submission.parse(GOOD, spec, wanted), mle_bench.takes(rule, GOOD, folder / "answers.csv", ["key"], spec.columns)
found = {}
for name, content in CASES.items():
    (folder / "submission.csv").write_bytes(content)
    path = folder / "submission.csv"
    reason, ours = measured(lambda: submission.parse(submission.read_bytes(path, 16 * M), spec, wanted))
    taken, theirs = measured(lambda: mle_bench.takes(rule, content, folder / "answers.csv", ["key"], spec.columns))
    found[name] = [reason, ours, taken, theirs]
with (folder / "submission.csv").open("wb") as file:
    file.truncate(2**31)
reason, ours = measured(lambda: submission.read_bytes(folder / "submission.csv", 16 * M))
found["2 GB"] = [reason, ours, "False", 0]
print(json.dumps(found))
"""


def test_large_nonsense_is_refused_in_bounded_time_and_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path)], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    for name, (reason, ours, taken, theirs) in json.loads(done.stdout).items():
        assert 0 < len(reason) < 300 and reason.isprintable() and not reason.startswith("Predictions"), (name, reason)
        assert ours < 40 * 2**24, (name, f"{ours / 2**20:.0f} MiB", reason)
        assert taken == "False", (name, taken)
        assert theirs < 100 * 2**24, (name, f"{theirs / 2**20:.0f} MiB")


def test_a_row_may_not_be_longer_than_the_spec_says_whatever_it_holds() -> None:
    spec = SPEC.model_copy(update={"longest_row_bytes": 2**12})
    wanted = submission.ids_of(SAMPLE, SPEC)
    for filler in ("x", "1 ", '""', "\\"):
        content = with_value(2, "tags", f'"{filler * 2**13}"')
        with pytest.raises(InvalidSubmission, match=r"longer than 4096 bytes|row 2"):
            submission.parse(content, spec, wanted)
