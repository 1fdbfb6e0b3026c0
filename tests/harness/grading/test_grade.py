"""Grading: scores, medals and reasons, and whose fault is whose."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.errors import InvalidSubmission
from harness.grading.grade import GradeReport, grade
from harness.metrics import Metric
from harness.specs import competition as competitions
from harness.specs.competition import Competition

Write = Callable[..., Path]


@pytest.fixture
def hand_in(demo_data: Prepared, tmp_path: Path) -> Callable[[int], Path]:
    """Write a submission with so many of the demo's four answers wrong."""

    def hand_in(wrong: int) -> Path:
        answers = pd.read_csv(demo_data.private / "answers.csv")[["key", "y"]]
        assert len(answers) == 4
        answers.loc[: wrong - 1, "y"] = ~answers.loc[: wrong - 1, "y"]
        path = tmp_path / "submission.csv"
        answers.sample(frac=1, random_state=0).to_csv(path, index=False)
        return path

    return hand_in


@pytest.mark.parametrize(
    ("wrong", "score", "medal", "above"), [(0, 1.0, "gold", True), (1, 0.75, "bronze", True), (2, 0.5, "none", False)]
)
def test_a_valid_submission_gets_score_medal_and_place(
    demo: Competition, demo_data: Prepared, hand_in: Write, wrong: int, score: float, medal: str, above: bool
) -> None:
    report = grade(demo, demo_data, hand_in(wrong))
    assert (report.valid, report.reason, report.submission_exists) == (True, None, True)
    assert (report.score, report.medal, report.above_median) == (score, medal, above)
    assert report.percentile == pytest.approx(100 * score)
    assert report.teams == 1000 and report.thresholds is not None and report.thresholds.bronze == 0.7


def test_the_same_files_always_give_the_same_report(demo: Competition, demo_data: Prepared, hand_in: Write) -> None:
    assert grade(demo, demo_data, hand_in(1)) == grade(demo, demo_data, hand_in(1))


def test_the_report_is_json_with_the_documented_fields(demo: Competition, demo_data: Prepared, hand_in: Write) -> None:
    text = grade(demo, demo_data, hand_in(0)).to_json()
    fields = json.loads(text)
    assert {"competition", "score", "valid", "medal", "percentile", "above_median", "stand_in"} <= set(fields)
    assert (fields["schema_version"], fields["medal"]) == (1, "gold")
    assert GradeReport.model_validate_json(text) == grade(demo, demo_data, hand_in(0))


def assert_no_result(report: GradeReport) -> None:
    assert not report.valid
    assert (report.score, report.medal, report.above_median, report.percentile) == (None, None, None, None)


def test_an_invalid_submission_has_no_score_and_a_reason(
    demo: Competition, demo_data: Prepared, tmp_path: Path
) -> None:
    path = tmp_path / "submission.csv"
    path.write_text("key,y\nk0_0,maybe\n")
    report = grade(demo, demo_data, path)
    assert_no_result(report)
    assert report.submission_exists and report.reason == "column 'y', row 1: expected True or False, found 'maybe'"


@pytest.mark.parametrize("path", [None, Path("nowhere.csv")])
def test_no_submission_is_told_apart_from_an_invalid_one(
    demo: Competition, demo_data: Prepared, path: Path | None
) -> None:
    report = grade(demo, demo_data, path)
    assert_no_result(report)
    assert not report.submission_exists and report.reason == "there is no submission file"


def test_stand_in_data_earn_no_medal_and_no_percentile(demo: Competition, tmp_path: Path) -> None:
    prepared = prepare(demo, data_home=tmp_path / "data", stand_in=True)
    pd.read_csv(prepared.private / "answers.csv")[["key", "y"]].to_csv(tmp_path / "s.csv", index=False)
    report = grade(demo, prepared, tmp_path / "s.csv")
    assert (report.valid, report.score, report.stand_in) == (True, 1.0, True)
    assert (report.medal, report.percentile, report.above_median, report.thresholds) == (None, None, None, None)
    assert report.percentile_note is not None and report.percentile_note.startswith("stand-in")


def test_without_a_leaderboard_the_place_is_none_with_the_reason(
    write_demo: Write, demo_data: Prepared, hand_in: Write
) -> None:
    text = (write_demo() / "demo" / "competition.yaml").read_text()
    board = next(line for line in text.splitlines() if line.startswith("leaderboard:"))
    spec = competitions.load("demo", write_demo((board, "")))
    report = grade(spec, demo_data, hand_in(0))
    assert (report.score, report.medal, report.percentile) == (1.0, None, None)
    assert report.percentile_note == "this competition has no leaderboard"


def test_without_quantiles_there_are_medals_but_no_percentile(
    write_demo: Write, demo_data: Prepared, hand_in: Write
) -> None:
    report = grade(competitions.load("demo", write_demo((" quantiles: quantiles.json,", ""))), demo_data, hand_in(0))
    assert (report.medal, report.percentile) == ("gold", None)
    assert "quantiles are not known" in str(report.percentile_note)


def test_quantiles_of_another_day_are_marked(write_demo: Write, demo_data: Prepared, hand_in: Write) -> None:
    changed = ("quantiles: quantiles.json", "quantiles: quantiles.json, quantiles_note: other snapshot")
    report = grade(competitions.load("demo", write_demo(changed)), demo_data, hand_in(0))
    assert str(report.percentile_note).startswith("other snapshot; ")


@pytest.mark.parametrize("damage", ["key,x,y\n", "key,x\n", "", "key,x,y\nk0_0,1,maybe\n"])
def test_answers_that_do_not_fit_raise_and_are_never_the_agents_fault(
    demo: Competition, demo_data: Prepared, hand_in: Write, damage: str
) -> None:
    path = hand_in(0)
    (demo_data.private / "answers.csv").write_text(damage)
    with pytest.raises(ValueError, match=r"does not fit the spec.*prepare the competition again"):
        grade(demo, demo_data, path)


def test_missing_answers_raise(demo: Competition, demo_data: Prepared, hand_in: Write) -> None:
    path = hand_in(0)
    (demo_data.private / "answers.csv").unlink()
    with pytest.raises(FileNotFoundError):
        grade(demo, demo_data, path)


def graded(write_demo: Write, data: Prepared, rule: str, path: Path | None) -> GradeReport:
    split = "{recipe: random_rows, target: y, test: 0.25, seed: 0}"
    spec = competitions.load("demo", write_demo((split, f"{split}\n    mle_bench: {rule}")))
    return grade(spec, data, path)


def test_a_submission_may_be_valid_for_mle_bench_only(write_demo: Write, demo_data: Prepared, hand_in: Write) -> None:
    path = hand_in(1)
    first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([first + ",note", *(row + "," for row in rest)]))
    report = graded(write_demo, demo_data, "accuracy", path)
    assert (report.valid, report.valid_mle_bench, report.score) == (False, True, None)
    assert "column 'note' is not expected" in str(report.reason)
    assert graded(write_demo, demo_data, "{columns: same, values: labels}", path).valid_mle_bench is False


def test_what_is_valid_here_is_always_valid_there(write_demo: Write, demo_data: Prepared, hand_in: Write) -> None:
    report = graded(write_demo, demo_data, "{range: [5, 6]}", hand_in(1))
    assert (report.valid, report.valid_mle_bench) == (True, True)


def test_no_file_is_valid_nowhere(write_demo: Write, demo_data: Prepared) -> None:
    assert graded(write_demo, demo_data, "accuracy", None).valid_mle_bench is False
    assert graded(write_demo, demo_data, "accuracy", Path("nowhere.csv")).valid_mle_bench is False


def test_an_edition_that_follows_nobody_says_nothing_of_mle_bench(
    demo: Competition, demo_data: Prepared, hand_in: Write
) -> None:
    assert grade(demo, demo_data, hand_in(0)).valid_mle_bench is None


@pytest.mark.parametrize(("rule", "expected"), [("{values: declared}", False), ("{values: anything}", True)])
def test_what_only_the_metric_refuses_is_refused_there_too_where_values_must_make_sense(
    write_demo: Write,
    demo_data: Prepared,
    hand_in: Write,
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
    expected: bool,
) -> None:
    def refuse(*_: object) -> float:
        raise InvalidSubmission("row 1: no such thing")

    monkeypatch.setattr(Metric, "score", refuse)
    report = graded(write_demo, demo_data, rule, hand_in(0))
    assert (report.valid, report.valid_mle_bench, report.reason) == (False, expected, "row 1: no such thing")
