"""Answers are read in the order of the submission's ids: with ids that repeat, for some ids only, with more columns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InvalidSubmission
from harness.grading import submission
from harness.grading.submission import Predictions
from harness.specs.competition import Answers, SubmissionSpec

COLUMNS = {"key": {"type": "text"}, "y": {"type": "number"}}


def spec_of(**changes: Any) -> SubmissionSpec:
    return SubmissionSpec.model_validate({"id": "key", "columns": COLUMNS, **changes})


def read_both(sample: str, handed_in: str, truth: str, answers: dict[str, Any], **changes: Any) -> Any:
    """The predictions at the truth's ids, and the truth."""
    spec = spec_of(**changes)
    predictions = submission.parse(handed_in.encode(), spec, submission.ids_of(sample.encode(), spec))
    found = submission.read_answers(
        truth.encode(), predictions.ids, spec, Answers.model_validate({"file": "answers.csv", **answers})
    )
    return predictions.at(found.ids), found


def numbers(table: Predictions) -> list[float]:
    return table.array().tolist()  # type: ignore[no-any-return]


def test_answers_have_columns_that_nobody_hands_in() -> None:
    more = {"columns": {"weight": {"type": "integer"}, "note": {"type": "text"}}}
    truth = "weight,key,ignored,y,note\n1,b,?,20,x\n2,a,?,10,\n"
    predictions, found = read_both("key\na\nb\n", "key,y\nb,2\na,1\n", truth, more)
    assert (numbers(predictions), numbers(found)) == ([1, 2], [10, 20])
    assert list(found.columns) == ["key", "y", "weight", "note"]
    assert found.columns["weight"].tolist() == [2, 1] and found.columns["note"].tolist() == ["", "x"]
    assert found.columns["key"].tolist() == predictions.columns["key"].tolist() == ["a", "b"]


def test_the_truth_may_be_of_another_type_than_what_is_handed_in() -> None:
    other = {"columns": {"y": {"type": "label", "labels": ["cat", "dog"]}}}
    _, found = read_both("key\na\nb\n", "key,y\nb,2\na,1\n", "key,y\nb,cat\na,dog\n", other)
    assert found.array().tolist() == ["dog", "cat"]


def test_where_the_truth_covers_some_ids_only_the_others_must_be_handed_in_all_the_same() -> None:
    subset = {"subset": True}
    predictions, found = read_both("key\na\nb\nc\n", "key,y\nc,3\nb,2\na,1\n", "key,y\nc,30\na,10\n", subset)
    assert (numbers(predictions), numbers(found)) == ([1, 3], [10, 30])
    assert predictions.columns["key"].tolist() == found.columns["key"].tolist() == ["a", "c"]
    with pytest.raises(InvalidSubmission, match="id 'b' is missing"):
        read_both("key\na\nb\nc\n", "key,y\nc,3\na,1\n", "key,y\nc,30\na,10\n", subset)
    with pytest.raises(InvalidSubmission, match="id 'b' is missing"):
        read_both("key\na\nb\nc\n", "key,y\nc,3\nb,2\na,1\n", "key,y\nc,30\na,10\n", {})


def test_answers_to_ids_that_nobody_was_asked_for_do_not_fit() -> None:
    for subset in (True, False):
        with pytest.raises(InvalidSubmission, match="id 'z' is not in the test data"):
            read_both("key\na\nb\n", "key,y\na,1\nb,2\n", "key,y\nz,30\na,10\nb,20\n", {"subset": subset})


def test_rows_of_one_id_are_matched_in_their_order() -> None:
    sample = "key\na\nb\na\n"
    predictions, found = read_both(sample, "key,y\nb,2\na,1\na,3\n", "key,y\na,10\na,30\nb,20\n", {}, repeated_ids=True)
    assert (numbers(predictions), numbers(found)) == ([1, 2, 3], [10, 20, 30])
    assert predictions.columns["key"].tolist() == found.columns["key"].tolist() == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("handed_in", "reason"),
    [
        ("key,y\na,1\nb,2\n", "id 'a / 2' is missing; found 2 rows, expected 3"),
        ("key,y\na,1\nb,2\na,3\na,4\n", "row 4: id 'a / 3' is not in the test data"),
        ("key,y\na,1\nb,2\nb,3\n", "row 3: id 'b / 2' is not in the test data"),
    ],
)
def test_an_id_stands_as_often_as_in_the_sample(handed_in: str, reason: str) -> None:
    with pytest.raises(InvalidSubmission, match=reason):
        read_both("key\na\nb\na\n", handed_in, "key,y\na,10\nb,20\na,30\n", {}, repeated_ids=True)


def test_answers_may_have_rows_of_any_length() -> None:
    text = "x" * 3_000_000
    columns = {"columns": {"note": {"type": "text"}}}
    _, found = read_both("key\na\n", "key,y\na,1\n", f'key,y,note\na,1,"{text}"\n', columns)
    assert found.columns["note"].tolist() == [text]


@given(
    ids=st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 30), min_size=1, max_size=12, unique=True),
    data=st.data(),
)
def test_every_order_of_integer_ids_comes_to_the_same(ids: list[int], data: st.DataObject) -> None:
    columns = {"key": {"type": "integer"}, "y": {"type": "integer"}}
    spec = SubmissionSpec.model_validate({"id": "key", "columns": columns})
    wanted = submission.ids_of("\n".join(["key", *map(str, ids), ""]).encode(), spec)
    order = data.draw(st.permutations(ids))
    rows = [f"{key},{ids.index(key)}" for key in order]
    content = "\n".join(["key,y", *rows, ""])
    assert submission.parse(content.encode(), spec, wanted).array().tolist() == list(range(len(ids)))
    stray = data.draw(st.integers(-(2**63), 2**63 - 1).filter(lambda key: key not in ids))
    place = data.draw(st.integers(1, len(ids)))
    broken = [*rows[: place - 1], f"{stray},0", *rows[place:]]
    with pytest.raises(InvalidSubmission, match=f"row {place}: id '{stray}' is not in the test data"):
        submission.parse("\n".join(["key,y", *broken, ""]).encode(), spec, wanted)
    if len(ids) > 1:
        twice = [*rows[:-1], rows[0]]
        with pytest.raises(InvalidSubmission, match=f"row {len(ids)}: id '{order[0]}' appears more than once"):
            submission.parse("\n".join(["key,y", *twice, ""]).encode(), spec, wanted)
