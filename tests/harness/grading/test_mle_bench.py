"""What MLE-bench's graders would have taken, from a rule: cases as its graders decide them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harness.grading import mle_bench
from harness.grading.mle_bench import MleBenchRule, Rule
from harness.specs import competition as competitions
from harness.specs.columns import Column

RULE: TypeAdapter[Rule] = TypeAdapter(MleBenchRule)
COLUMNS: TypeAdapter[dict[str, Column]] = TypeAdapter(dict[str, Column])
NUMBERS = {"id": {"type": "text"}, "y": {"type": "number"}}


@pytest.fixture
def taken(tmp_path: Path) -> Any:
    def taken(
        rule: object, content: str | bytes, answers: str = "id,y\na,0\nb,1\nc,1\n", columns: object = None
    ) -> bool:
        (tmp_path / "answers.csv").write_text(answers)
        spec = COLUMNS.validate_python(columns or NUMBERS)
        raw = content if isinstance(content, bytes) else content.encode()
        return mle_bench.takes(RULE.validate_python(rule), raw, tmp_path / "answers.csv", ["id"], spec)

    return taken


@pytest.mark.parametrize(
    ("rule", "content", "expected"),
    [
        ("auroc", "id,y\nc,0.5\na,1\nb,0\n", True),
        ("auroc", "y,extra,id\n1,x,c\n0,,a\n0.5,z,b\n", True),
        ("auroc", "id,y\na,1\nb,0\n", False),
        ("auroc", "id,y\na,1\nb,0\nd,1\n", False),
        ("auroc", "id,y\na,1\nb,0\nb,1\n", False),
        ("auroc", "id,y\na,1\nb,0\nc,1.5\n", False),
        ("auroc", "id,y\na,1\nb,0\nc,\n", False),
        ("auroc", "id,y\na,1\nb,0\nc,inf\n", False),
        ("auroc", "id,y\na,1\nb,0\nc,high\n", False),
        ("auroc", "id,z\na,1\nb,0\nc,1\n", False),
        ("auroc", "id,y,y\na,1,7\nb,0,7\nc,1,7\n", True),
        ("accuracy", "id,y\nc,1\na,1\nb,0\n", True),
        ("accuracy", "id,y\nc,7\na,1\nb,0\n", True),
        ("accuracy", "id,y\nc,1.0\na,1\nb,0\n", True),
        ("accuracy", "id,y\nc,0.5\na,1\nb,0\n", False),
        ("accuracy", "id,y\nc,cat\na,1\nb,0\n", False),
        ("accuracy", "id,y\nc,\na,1\nb,0\n", False),
        ({"ids": "ignored"}, "id,y\nx,1\nx,2\nx,3\n", True),
        ({"ids": "ignored"}, "id,y\nx,1\nx,2\n", False),
        ({"ids": "ignored", "required": ["y"]}, "y\n1\n2\n3\n", True),
        ({"ids": "ignored", "nan": "accepted"}, "id,y\nx,1\nx,\nx,inf\n", True),
        ({"ids": "ignored", "rows": "any"}, "id,y\nx,1\n", True),
        ({"ids": "set", "rows": "any"}, "id,y\na,1\na,1\nb,1\nc,1\n", True),
        ({"ids": "set", "rows": "any"}, "id,y\na,1\nb,1\n", False),
        ({"ids": "contained", "rows": "any"}, "id,y\na,1\nb,1\nc,1\nd,1\n", True),
        ({"ids": "contained", "rows": "any"}, "id,y\na,1\nb,1\n", False),
        ({"ids": "within", "rows": "any"}, "id,y\na,1\nb,1\n", True),
        ({"ids": "within", "rows": "any"}, "id,y\na,1\nd,1\n", False),
        ({"columns": "same"}, "y,id\n1,a\n1,b\n1,c\n", True),
        ({"columns": "same"}, "id,y,z\na,1,1\nb,1,1\nc,1,1\n", False),
        ({"columns": "ordered"}, "y,id\n1,a\n1,b\n1,c\n", False),
        ({"values": "anything"}, "id,y\na,x\nb,\nc,3\n", True),
        ({"range": [1, 100]}, "id,y\na,1\nb,0\nc,100\n", False),
        ("auroc", "", False),
        ("auroc", "id\n", False),
        ("auroc", b"id,y\na,1\nb,0\nc,\xff\n", False),
        ("auroc", "id,y\na,1\nb,0\nc,1,2,3\n", False),
        ("auroc", 'id,y\na,1\nb,0\n"c,1\n', False),
    ],
)
def test_it_decides_as_such_a_grader_does(taken: Any, rule: object, content: str | bytes, expected: bool) -> None:
    assert taken(rule, content) is expected


def test_sums_have_the_relative_tolerance_of_numpys_isclose(taken: Any) -> None:
    columns = {"id": {"type": "text"}, "p": {"type": "number"}, "q": {"type": "number"}}
    answers = "id,p,q\na,0,1\n"
    rule = {"sums_to_one": 1e-6}
    assert taken(rule, "id,p,q\na,0.5,0.500009\n", answers, columns)
    assert not taken(rule, "id,p,q\na,0.5,0.50002\n", answers, columns)


def test_what_only_our_columns_can_tell_is_left_to_them(taken: Any) -> None:
    columns = {"id": {"type": "text"}, "y": {"type": "rle"}}
    answers = "id,y\na,1 2\nb,\n"
    rule = {"values": "declared"}
    assert taken(rule, "id,z,y\nb,,1 2\na,,\n", answers, columns)
    assert not taken(rule, "id,y\nb,1 2 3\na,\n", answers, columns)


def test_ids_are_what_pandas_reads(taken: Any) -> None:
    assert taken("auroc", "id,y\n2.0,1\n1.0,0\n", "id,y\n1,0\n2,1\n")
    assert not taken("auroc", "id,y\n02a,1\n1,0\n", "id,y\n1,0\n2,1\n")


def test_only_some_of_the_id_columns_may_be_compared(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("trip,time,y\na,1,0\na,2,1\n")
    columns = COLUMNS.validate_python({"trip": {"type": "text"}, "time": {"type": "integer"}, "y": {"type": "number"}})
    content = b"trip,time,y\na,7,0\na,7,1\n"
    for rule, expected in (({"id": ["trip"]}, True), ({}, False)):
        found = RULE.validate_python(rule)
        assert mle_bench.takes(found, content, tmp_path / "answers.csv", ["trip", "time"], columns) is expected


def test_a_row_of_a_million_fields_is_not_read(taken: Any) -> None:
    assert not taken("auroc", "," * 10**6)
    assert not taken("auroc", "id,y\n" + "," * 10**6)


@pytest.mark.parametrize("rule", ["auc", {"ids": "some"}, {"sums_to_one": 0}, {"row": "any"}])
def test_a_rule_that_can_not_be_meant_is_refused(rule: object) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(rule)


def test_every_shipped_edition_that_follows_mle_bench_says_what_its_grader_refuses() -> None:
    followers = {
        spec.id: edition.mle_bench
        for spec in competitions.load_all(Path(__file__).parents[3] / "competitions")
        for name, edition in spec.editions.items()
        if name.startswith("mle-bench")
    }
    assert len(followers) > 0
    assert [id for id, rule in followers.items() if rule is None] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: f"id,y\n{text}".encode())))
@example(b"id,y\n\xed\xa0\x80")
@example(b"\x00")
@example(b'"')
@example(b"\xff\xfei\x00d\x00")
def test_no_bytes_make_it_fail(tmp_path: Path, content: bytes) -> None:
    answers = tmp_path / "answers.csv"
    answers.write_text("id,y\nsurely not drawn,1\n")
    columns = COLUMNS.validate_python(NUMBERS)
    for rule in ("auroc", "accuracy", {"values": "declared"}):
        assert mle_bench.takes(RULE.validate_python(rule), content, answers, ["id"], columns) is False
