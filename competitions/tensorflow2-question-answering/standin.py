"""Raw data of the stand-in: made-up articles, each with a question, candidates and an answer that starts with its word.

There is more than one block of a thousand rows, since the split works block by block.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 1040
WORDS = ["river", "naïve", "a/b", "city", '"', "東京", "year", "king", "song", "<P>", "</P>"]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write simplified-nq-train.jsonl."""
    with (folder / "simplified-nq-train.jsonl").open("w", encoding="utf-8") as file:
        for _ in range(ROWS):
            file.write(json.dumps(_row(rng), ensure_ascii=False) + "\n")


def _row(rng: np.random.Generator) -> dict[str, Any]:
    words = [WORDS[place] for place in rng.integers(0, len(WORDS), 14)]
    asked, start = WORDS[int(rng.integers(0, 4))], int(rng.integers(1, 8))
    words[start] = asked.upper()
    kind = rng.choice(["none", "long", "spans", "YES", "NO"], p=[0.45, 0.2, 0.25, 0.06, 0.04])
    long = {"start_token": -1, "candidate_index": -1, "end_token": -1}
    if kind != "none":
        long = {"start_token": start - 1, "candidate_index": 1, "end_token": start + 5}
    spans = [{"start_token": start, "end_token": start + 1 + more} for more in range(int(rng.integers(1, 4)))]
    answer = {
        "yes_no_answer": kind if kind in ("YES", "NO") else "NONE",
        "long_answer": long,
        "short_answers": spans if kind == "spans" else [],
        "annotation_id": int(rng.integers(0, 2**63)),
    }
    return {
        "document_text": " ".join(words),
        "long_answer_candidates": [
            {"start_token": 0, "top_level": True, "end_token": 14},
            {"start_token": max(start - 1, 0), "top_level": False, "end_token": start + 5},
        ],
        "question_text": f"what about the {asked}",
        "annotations": [answer],
        "document_url": "https://en.example.org//w/index.php?title=Made_up&amp;oldid=1",
        "example_id": int(rng.integers(-(2**63), 2**63 - 1)),
    }
