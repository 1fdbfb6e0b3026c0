"""Columns that hold several things in one value: masks as run lengths, and lists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.errors import InvalidSubmission
from harness.grading import submission
from harness.grading.submission import Predictions
from harness.specs.competition import SubmissionSpec


def spec_of(**column: Any) -> SubmissionSpec:
    columns = {"key": {"type": "integer"}, "y": column}
    return SubmissionSpec.model_validate({"id": "key", "columns": columns, "longest_row_bytes": 2**16})


def read(values: list[str], **column: Any) -> Predictions:
    spec = spec_of(**column)
    sample = "key\n" + "".join(f"{row}\n" for row in range(len(values)))
    content = "key,y\n" + "".join(f'{row},"{value}"\n' for row, value in enumerate(values))
    return submission.parse(content.encode(), spec, submission.ids_of(sample.encode(), spec))


def refusal(values: list[str], **column: Any) -> str:
    with pytest.raises(InvalidSubmission) as caught:
        read(values, **column)
    return str(caught.value)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ({}, ["1 3 7 2", "1 100", "", "100 1", " 1  3 ", "1 3 4 2"]),
        ({"empty": "-"}, ["1 3", "-"]),
        ({"empty": "-", "blank": True}, ["1 3", "-", ""]),
        ({"empty": None}, ["1 3"]),
    ],
)
def test_masks_are_handed_on_as_they_are_written(column: dict[str, Any], values: list[str]) -> None:
    assert read(values, type="rle", pixels=100, **column).array().tolist() == values


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1", "expected pairs of start and length, found '1'"),
        ("1 2 3", "expected pairs of start and length, found '1 2 3'"),
        ("-", "expected pairs of start and length, found '-'"),
        ("0 3", "expected starts and lengths from 1, found '0 3'"),
        ("4 0", "expected starts and lengths from 1, found '4 0'"),
        ("-4 2", "expected starts and lengths from 1, found '-4 2'"),
        ("5 3 7 1", "expected runs in order that do not overlap, found '5 3 7 1'"),
        ("9 1 5 1", "expected runs in order that do not overlap, found '9 1 5 1'"),
        ("100 2", "expected runs within 100 pixels, found '100 2'"),
        ("9223372036854775807 9223372036854775807", "expected runs within 100 pixels, found .*"),
        ("99999999999999999999 1", "expected whole numbers, found '99999999999999999999'"),
        ("1 a", "expected whole numbers, found 'a'"),
        ("1.0 2", r"expected whole numbers, found '1\.0'"),
        ("0x1 2", "expected whole numbers, found '0x1'"),
        ("nan", "expected pairs of start and length, found 'nan'"),
    ],
)
def test_a_broken_mask_is_told_with_column_and_row(value: str, reason: str) -> None:
    found = refusal(["1 2", "", value, "1 2"], type="rle", pixels=100)
    assert re.fullmatch(f"column 'y', row 3: {reason}", found), found


@pytest.mark.parametrize(("column", "value"), [({"empty": "-"}, ""), ({"empty": None}, ""), ({"empty": None}, "-")])
def test_a_mask_without_pixels_is_written_as_the_spec_says(column: dict[str, Any], value: str) -> None:
    assert "row 2: expected pairs of start and length" in refusal(["1 2", value], type="rle", **column)


def test_the_row_is_counted_over_the_whole_file() -> None:
    values = [f"{row + 1} 2" for row in range(20_000)]
    values[17_171] = "2 1 2 1"
    assert refusal(values, type="rle").startswith("column 'y', row 17172: ")


@given(st.lists(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=5), min_size=1, max_size=6))
def test_runs_with_gaps_are_masks_and_moved_back_by_more_than_the_gap_they_are_none(
    masks: list[list[tuple[int, int]]],
) -> None:
    values, places = [], []
    for mask in masks:
        end, runs = 1, []
        for gap, length in mask:
            runs += [end + gap, length]
            end += gap + length
        values.append(" ".join(map(str, runs)))
        places.append(runs)
    assert read(values, type="rle").array().tolist() == values
    for row, runs in enumerate(places):
        if len(runs) >= 4:
            moved = [*runs[:2], runs[0] + runs[1] - 1, *runs[3:]]
            spoilt = [*values[:row], " ".join(map(str, moved)), *values[row + 1 :]]
            assert f"row {row + 1}: expected runs in order" in refusal(spoilt, type="rle")


BOXES = [{"type": "label", "labels": ["cat", "none"]}, {"type": "number", "minimum": 0, "maximum": 1}, "integer"]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ({}, ["a b c", "a", " a  b "]),
        ({"least": 0, "most": 2, "unique": True}, ["a b", "", "b"]),
        ({"separator": "|", "items": "integer"}, ["1|2", "3"]),
        ({"items": BOXES}, ["cat 0.5 1", "none 1 0 cat 0 -7"]),
    ],
)
def test_lists_are_handed_on_as_they_are_written(column: dict[str, Any], values: list[str]) -> None:
    assert read(values, type="list", **column).array().tolist() == values


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ({}, "", "expected at least 1 item, found an empty value"),
        ({"least": 2}, "1", "expected at least 2 items, found '1'"),
        ({"most": 2}, "1 2 3", "expected at most 2 items, found '1 2 3'"),
        ({"multiple_of": 2}, "1 2 3", "expected items in groups of 2, found '1 2 3'"),
        ({"unique": True}, "1 2 1", "expected no item twice, found '1 2 1'"),
        ({"separator": "|"}, "1||2", "expected no empty item, found '1||2'"),
        ({"items": "integer"}, "1 2.0", "expected items each a whole number, found '2.0'"),
        ({"items": "number"}, "1 nan", "expected items each a finite number, found 'nan'"),
        ({"items": {"type": "label", "labels": ["1", "2"]}}, "1 3 2", "expected items each one of 1, 2, found '3'"),
        ({"items": {"type": "integer", "maximum": 5}}, "1 6 2", "expected items each at most 5, found '6'"),
    ],
)
def test_a_broken_list_is_told_with_column_and_row(column: dict[str, Any], value: str, reason: str) -> None:
    good = "|".join("12") if "separator" in column else "1 2"
    assert refusal([good, good, value], type="list", **column) == f"column 'y', row 3: {reason}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("cat 0.5 1 cat", "expected items in groups of 3, found 'cat 0.5 1 cat'"),
        ("cat 0.5 1 dog 0.5 1", "expected items each one of cat, none, found 'dog'"),
        ("cat 0.5 1 cat 1.5 1", "expected items each a number from 0 to 1, found '1.5'"),
        ("cat 0.5 1 cat 1 x", "expected items each a whole number, found 'x'"),
    ],
)
def test_declarations_of_items_take_turns(value: str, reason: str) -> None:
    assert refusal(["cat 0 0", value], type="list", items=BOXES) == f"column 'y', row 2: {reason}"


def test_a_row_may_be_as_long_as_the_spec_says_and_answers_as_long_as_they_like() -> None:
    spec = spec_of(type="rle")
    mask = " ".join(f"{start} 1" for start in range(1, 200_000, 2))
    content = f"key,y\n0,{mask}\n".encode()
    wanted = submission.ids_of(b"key\n0\n", spec)
    with pytest.raises(InvalidSubmission, match="a row is longer than 65536 bytes, or a quote is never closed"):
        submission.parse(content, spec, wanted)
    roomy = spec.model_copy(update={"longest_row_bytes": 2**21})
    assert submission.parse(content, roomy, wanted).array().tolist() == [mask]


@pytest.mark.parametrize(
    "column",
    [
        {"type": "rle", "pixels": 0},
        {"type": "rle", "empty": "none"},
        {"type": "list", "separator": ""},
        {"type": "list", "items": []},
        {"type": "list", "items": "rle"},
    ],
)
def test_what_can_not_be_meant_is_refused_in_the_spec(column: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec_of(**column)


SHARES = {
    "id": "key",
    "columns": {"key": {"type": "text"}, "p": {"type": "number"}, "q": {"type": "number"}},
    "sums_to_one": {"tolerance": 1e-6},
    "other_columns": "allowed",
}


def shares(content: bytes, **changes: Any) -> Predictions:
    spec = SubmissionSpec.model_validate({**SHARES, **changes})
    return submission.parse(content, spec, submission.ids_of(b"key\na\nb\n", spec))


def test_rows_must_sum_to_one_where_the_spec_says_so() -> None:
    good = b"key,p,q\nb,0.25,0.75\na,0.3333334,0.6666667\n"
    assert shares(good).array().tolist() == [[0.3333334, 0.6666667], [0.25, 0.75]]
    bad = b"key,p,q\na,1,0\nb,0.25,0.7\n"
    reason = "the 2 columns from 'p' to 'q', row 2: expected a sum of 1, found 0.95"
    with pytest.raises(InvalidSubmission, match=re.escape(reason)):
        shares(bad)
    assert shares(bad, sums_to_one=None).array().tolist() == [[1, 0], [0.25, 0.7]]
    with pytest.raises(InvalidSubmission, match="row 1: expected a sum of 1"):
        shares(b"key,p,q\na,0.5,0.5\nb,1,0\n", sums_to_one={"columns": ["p"]})


def test_other_columns_pass_where_the_spec_allows_them() -> None:
    more = b",key,p,x,q,x\n0,a,1,hi,0,\n1,b,1,ho,0,\n"
    assert shares(more).array().tolist() == [[1, 0], [1, 0]]
    with pytest.raises(InvalidSubmission, match="column '' is not expected"):
        shares(more, other_columns="refused")


def test_what_sums_to_one_are_columns_of_numbers() -> None:
    with pytest.raises(ValidationError, match="sums_to_one: 'key' is not a column of numbers"):
        SubmissionSpec.model_validate({**SHARES, "sums_to_one": {"columns": ["key"]}})
