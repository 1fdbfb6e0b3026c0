"""How answers that may be left out are scored: as MLE-bench does, or as the competition meant it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from harness.errors import InvalidSubmission
from harness.metrics import Table

SPAN = re.compile(r"([+-]?\d{1,18})\s*:\s*([+-]?\d{1,18})", re.ASCII)


def micro_f1(truth: Table, prediction: Table, blanks: bool) -> float:
    """F1 over all answers, long and short together; 0 to 1, and 1 where there is nothing to answer and nothing said.

    A given answer that is accepted is a hit, any other given one is false, and a blank where there is an answer is a
    miss. With `blanks`, a blank where there is none is a hit as well: then the score is the share of rows that are
    right. Source: Kaggle's TensorFlow 2.0 Question Answering; its grader in MLE-bench.
    """
    given = [_answer(row, text) for row, text in enumerate(prediction["PredictionString"])]
    accepted = [str(text).split() for text in truth["accepted"]]
    said, there = (np.array([bool(one) for one in some]) for some in (given, accepted))
    hit = np.array([answer in some for answer, some in zip(given, accepted, strict=True)])
    if blanks:
        return float(np.mean(hit | (~said & ~there)))
    counted: Any = 2 * hit.sum() + (said & ~hit).sum() + (~said & there).sum()
    return float(2 * hit.sum() / counted) if counted else 1.0


def _answer(row: int, text: str) -> str:
    """Return the answer in the form that the accepted ones have."""
    text = text.strip()
    if text in ("", "YES", "NO"):
        return text
    span = SPAN.fullmatch(text)
    if span is None:
        expected = "expected start:end, YES, NO or nothing"
        raise InvalidSubmission(
            f"column 'PredictionString', row {row + 1} of the sample: {expected}, found {text[:60]!a}"
        )
    return f"{int(span[1])}:{int(span[2])}"
