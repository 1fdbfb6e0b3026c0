"""The score line, as scripts really print it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.score import Score, appears_in, read_score


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("validation score: 0.81", 0.81),
        ("Validation Score: 0.81", 0.81),
        ("  validation score : -3", -3.0),
        ("validation score: 1e-3", 0.001),
        ("validation score: .5", 0.5),
        ("validation score: 5.", 5.0),
        ("validation score: +2", 2.0),
        ("validation score: 0.81 (std 0.02)", 0.81),
        ("validation score: 0.81, over 5 folds", 0.81),
    ],
)
def test_ways_to_print_a_score(line: str, value: float) -> None:
    assert read_score(f"before\n{line}\nafter", "rank") == Score(value)


@pytest.mark.parametrize(
    "line",
    [
        "best validation score: 0.81",
        "validation score: high",
        "validation score: 0.81.2",
        "validation score: 12abc",
        "validation score 0.81",
        "validation scores: 0.81",
        "validation score:",
        "",
    ],
)
def test_what_is_no_score_line(line: str) -> None:
    assert read_score(line, "rank") == Score()


def test_the_last_line_counts() -> None:
    assert read_score("validation score: 1\nvalidation score: 2\ndone", "rank").value == 2.0


def test_progress_bars_do_not_hide_it() -> None:
    assert read_score("  10%\r 100%\rvalidation score: 0.5\r\n", "rank").value == 0.5


@pytest.mark.parametrize("printed", ["nan", "inf", "-inf", "NaN", "infinity", "1e999"])
def test_a_last_line_that_is_not_finite_does_not_count_nor_does_the_one_before(printed: str) -> None:
    score = read_score(f"validation score: 0.5\nvalidation score: {printed}", "rank")
    assert score.value is None and score.problem is not None and "not a finite number" in score.problem


@pytest.mark.parametrize(
    ("metric", "printed"), [("accuracy", "80.5"), ("roc_auc", "-0.1"), ("ROC-AUC", "1.2"), ("rmse", "-0.3")]
)
def test_a_score_that_the_metric_cannot_have_does_not_count(metric: str, printed: str) -> None:
    score = read_score(f"validation score: {printed}", metric)
    assert score.value is None and score.problem is not None and metric in score.problem


@pytest.mark.parametrize(("metric", "printed"), [("accuracy", "1"), ("accuracy", "0"), ("rmse", "1234"), ("r2", "-5")])
def test_a_score_within_the_metrics_range_counts(metric: str, printed: str) -> None:
    assert read_score(f"validation score: {printed}", metric).value == float(printed)


@pytest.mark.parametrize(
    ("value", "output", "there"),
    [
        (0.8123, "mean accuracy 0.8123 over folds", True),
        (0.8123, "mean accuracy 0.81229999", True),
        (0.999, "ok", False),
        (0.999, "accuracy=0.5", False),
        (3.0, "epoch13 v3a", False),
        (-2.5, "score=-2.5", True),
    ],
)
def test_a_models_number_must_have_been_printed(value: float, output: str, there: bool) -> None:
    assert appears_in(value, output) is there


@given(st.text(max_size=200))
def test_any_output_is_read(output: str) -> None:
    found = read_score(output, "accuracy")
    assert found.value is None or 0.0 <= found.value <= 1.0
    assert found.value is None or appears_in(found.value, output)
