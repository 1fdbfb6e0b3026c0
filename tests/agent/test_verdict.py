"""Good or buggy, and why."""

from __future__ import annotations

import pytest

from agent.contract import Outcome
from agent.operators.review import Review
from agent.verdict import Verdict, judge, judge_held_back

LINE = "validation score: 0.8\n"
FINE = Review(False, "Fine.")


def judged(
    outcome: Outcome = "ok",
    output: str = LINE,
    review: Review = FINE,
    submission_problem: str | None = None,
) -> Verdict:
    return judge(outcome, output, "accuracy", review, submission_problem)


def test_a_score_line_and_a_submission_make_a_good_node() -> None:
    assert judged() == Verdict(0.8, None, "score_line")


def test_a_models_number_never_replaces_the_line() -> None:
    assert judged(review=Review(False, "", 0.99)) == Verdict(0.8, None, "score_line")


def test_a_models_number_counts_where_there_is_no_line_and_it_was_printed() -> None:
    assert judged(output="accuracy 0.75", review=Review(False, "", 0.75)) == Verdict(0.75, None, "model")


def test_a_models_number_that_was_never_printed_does_not_count() -> None:
    verdict = judged(output="ok", review=Review(False, "", 0.999))
    assert verdict.score is None and verdict.why_buggy is not None and "0.999" in verdict.why_buggy


def test_a_models_number_is_checked_like_a_printed_one() -> None:
    assert judged(output="accuracy 75", review=Review(False, "", 75.0)).buggy


@pytest.mark.parametrize("outcome", ["failed", "timed_out", "out_of_memory", "output_limit", "killed", "not_run"])
def test_a_run_that_did_not_end_well_is_buggy_whatever_it_printed(outcome: Outcome) -> None:
    assert judged(outcome=outcome) == Verdict(None, f"outcome: {outcome}", "score_line")


def test_no_score_at_all_is_buggy() -> None:
    verdict = judged(output="done", review=Review())
    assert (verdict.score, verdict.reviewed_by) == (None, "none")
    assert verdict.why_buggy is not None and "no line `validation score" in verdict.why_buggy


def test_a_score_of_nan_is_buggy_even_if_the_model_reports_a_number() -> None:
    verdict = judged(output="fold 0.7\nvalidation score: nan", review=Review(False, "", 0.7))
    assert verdict.buggy and verdict.reviewed_by == "score_line"


@pytest.mark.parametrize("problem", ["the script wrote no ./working/submission.csv", "row 3, column y: maybe"])
def test_a_submission_that_is_missing_or_wrong_is_buggy_and_says_why(problem: str) -> None:
    assert judged(submission_problem=problem) == Verdict(None, f"submission: {problem}", "score_line")


def test_a_reviewer_can_call_a_scored_run_a_bug() -> None:
    assert judged(review=Review(True, "It trains on the test rows.")) == Verdict(None, "review", "score_line")


def test_a_reviewer_that_does_not_say_changes_nothing() -> None:
    assert not judged(review=Review(None, "Hm.")).buggy


def test_where_rows_are_held_back_the_gateways_score_counts_and_no_line_is_needed() -> None:
    assert judge_held_back("ok", 0.75, FINE, None) == Verdict(0.75, None, "held_back")


@pytest.mark.parametrize(
    ("outcome", "score", "problem", "why"),
    [
        ("failed", None, "the script wrote none", "outcome: failed"),
        ("ok", None, "row 3, column y: maybe", "submission: row 3, column y: maybe"),
        ("ok", None, None, "score: the gateway gave none"),
    ],
)
def test_without_a_score_on_held_back_rows_a_node_is_buggy(
    outcome: Outcome, score: float | None, problem: str | None, why: str
) -> None:
    assert judge_held_back(outcome, score, FINE, problem) == Verdict(None, why, "held_back")


def test_a_reviewer_can_call_a_run_a_bug_that_the_gateway_scored() -> None:
    assert judge_held_back("ok", 0.9, Review(True, "It trains on the test rows."), None).why_buggy == "review"
