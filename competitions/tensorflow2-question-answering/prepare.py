"""Splits the questions block by block, so that the file, larger than memory, is read once from end to end.

Rows go through pandas, whose JSON is what others' prepared files hold. Beside the test rows with everything in them,
the private folder gets the answers as a table: the first right answer of each, and all that are accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from sklearn.model_selection import train_test_split

from harness.splits import Job

TRAIN, TEST = "simplified-nq-train.jsonl", "simplified-nq-test.jsonl"
SHOWN = ["example_id", "question_text", "document_text", "long_answer_candidates"]


def prepare(job: Job, test: float, seed: int, block: int) -> None:
    """Hold out a share of every `block` of rows."""
    rows: list[tuple[str, str, str]] = []
    paths = job.public / TRAIN, job.public / TEST, job.private / "test.jsonl"
    with paths[0].open("w") as train, paths[1].open("w") as shown, paths[2].open("w") as whole:
        blocks = pd.read_json(job.raw / TRAIN, orient="records", lines=True, chunksize=block)
        for table in job.track(blocks, "blocks of questions divided"):
            table["example_id"] = table["example_id"].astype(str)
            kept, held_out = train_test_split(table, test_size=test, random_state=seed)
            train.write(_lines(kept))
            shown.write(_lines(held_out[SHOWN]))
            whole.write(_lines(held_out))
            for id, annotations in zip(held_out["example_id"], held_out["annotations"], strict=True):
                rows += _answers(id, annotations[0])
    answers = pd.DataFrame(rows, columns=["example_id", "PredictionString", "accepted"])
    answers.to_csv(job.private / job.answers_file, index=False)
    answers.drop(columns="accepted").to_csv(job.private / "gold_submission.csv", index=False)
    job.write_sample(answers)


def _lines(table: pd.DataFrame) -> str:
    return table.to_json(orient="records", lines=True)


def _answers(id: str, annotation: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the short and the long row: id, the first right answer, and all accepted ones."""
    yes_or_no = [annotation["yes_no_answer"]] if annotation["yes_no_answer"] != "NONE" else []
    short = yes_or_no + [_span(answer) for answer in annotation["short_answers"]]
    long = [_span(annotation["long_answer"])] if annotation["long_answer"]["start_token"] != -1 else []
    for suffix, accepted in (("short", short), ("long", long)):
        yield f"{id}_{suffix}", accepted[0] if accepted else "", " ".join(accepted)


def _span(answer: dict[str, Any]) -> str:
    return f"{answer['start_token']}:{answer['end_token']}"
