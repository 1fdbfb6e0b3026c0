"""Editions that follow a grader which goes by places of rows or columns: ids and names must be right nonetheless."""

from __future__ import annotations

import pytest

from harness.errors import InvalidSubmission
from harness.grading.submission import ids_of, parse
from harness.specs.competition import SubmissionSpec

SAMPLE = b"id,a,b\n1,0,0\n2,0,0\n3,0,0\n"


def read(content: bytes, *by_position: str) -> list[list[float]]:
    number = {"type": "number"}
    spec = SubmissionSpec.model_validate(
        {"id": "id", "columns": {"id": {"type": "integer"}, "a": number, "b": number}, "by_position": by_position}
    )
    found: list[list[float]] = parse(content, spec, ids_of(SAMPLE, spec)).array().tolist()
    return found


MIXED = b"b,id,a\n30,3,-3\n10,1,-1\n20,2,-2\n"


@pytest.mark.parametrize(
    ("by_position", "expected"),
    [
        ((), [[-1, 10], [-2, 20], [-3, 30]]),
        (("rows",), [[-3, 30], [-1, 10], [-2, 20]]),
        (("columns",), [[10, -1], [20, -2], [30, -3]]),
        (("rows", "columns"), [[30, -3], [10, -1], [20, -2]]),
    ],
)
def test_rows_and_columns_count_as_they_stand(by_position: tuple[str, ...], expected: list[list[float]]) -> None:
    assert read(MIXED, *by_position) == expected


@pytest.mark.parametrize("content", [b"b,id,a\n30,3,-3\n10,1,-1\n20,4,-2\n", b"c,id,a\n30,3,-3\n10,1,-1\n20,2,-2\n"])
def test_wrong_ids_and_names_are_refused_all_the_same(content: bytes) -> None:
    with pytest.raises(InvalidSubmission):
        read(content, "rows", "columns")
