"""Decide what a node is worth: good with a score, or buggy with a reason.

The score line is the score; the model's review adds findings, and its metric counts only where the candidate printed
no score line, and only when that number was really printed. Where rows are held back, the gateway's score counts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.contract import Outcome
from agent.operators.review import Review
from agent.score import Score, appears_in, check_score, read_score


@dataclass(frozen=True)
class Verdict:
    """The judgement on one execution."""

    score: float | None
    why_buggy: str | None
    reviewed_by: Literal["score_line", "model", "held_back", "none"]

    @property
    def buggy(self) -> bool:
        return self.why_buggy is not None


def judge(outcome: Outcome, output: str, metric: str, review: Review, submission_problem: str | None) -> Verdict:
    """Weigh the outcome, the score, what is wrong with the submission (None: nothing is) and the review."""
    score, reviewed_by = _score(output, metric, review)
    why = _why_buggy(outcome, score, review, submission_problem)
    return Verdict(score.value if why is None else None, why, reviewed_by)


def judge_held_back(outcome: Outcome, score: float | None, review: Review, submission_problem: str | None) -> Verdict:
    """Weigh the same where the gateway scored the node on held-back rows: what its script printed decides nothing."""
    why = None
    if outcome != "ok":
        why = f"outcome: {outcome}"
    elif submission_problem is not None:
        why = f"submission: {submission_problem}"
    elif score is None:
        why = "score: the gateway gave none"
    elif review.is_bug:
        why = "review"
    return Verdict(score if why is None else None, why, "held_back")


def _score(output: str, metric: str, review: Review) -> tuple[Score, Literal["score_line", "model", "none"]]:
    line = read_score(output, metric)
    if line.value is not None or line.problem is not None:
        return line, "score_line"
    if review.metric is not None:
        if appears_in(review.metric, output):
            return check_score(review.metric, metric), "model"
        return Score(problem=f"the review reports the score {review.metric}, which the output does not hold"), "model"
    return Score(), "none" if review.is_bug is None else "model"


def _why_buggy(outcome: Outcome, score: Score, review: Review, submission_problem: str | None) -> str | None:
    if outcome != "ok":
        return f"outcome: {outcome}"
    if score.problem is not None:
        return f"score: {score.problem}"
    if score.value is None:
        return "score: the output holds no line `validation score: <number>`"
    if submission_problem is not None:
        return f"submission: {submission_problem}"
    return "review" if review.is_bug else None
