"""Stand-in requests for a pizza, as JSON; who asks for long and politely gets one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from harness.standin.prose import Prose

COUNTS = {"train": 240, "test": 100}
NUMBERS = (
    *("requester_account_age_in_days", "requester_days_since_first_post_on_raop", "requester_number_of_comments"),
    *("requester_number_of_comments_in_raop", "requester_number_of_posts", "requester_number_of_posts_on_raop"),
    *("requester_number_of_subreddits", "requester_upvotes_minus_downvotes", "requester_upvotes_plus_downvotes"),
)


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.json with all fields, and test.json with those that were known when the request was made."""
    for name, count in COUNTS.items():
        luck = rng.random(count) < 0.3
        text = Prose(kind="prose", about=("luck",), words=(15, 50)).draw(count, rng, {"luck": luck})
        records = [_request(bool(luck[row]), str(text[row]), rng) for row in range(count)]
        if name == "test":
            records = [{key: value for key, value in record.items() if not _is_later(key)} for record in records]
        (folder / f"{name}.json").write_text(json.dumps(records), encoding="utf-8")


def _request(luck: bool, text: str, rng: np.random.Generator) -> dict[str, object]:
    now = 1.3e9 + float(rng.integers(0, 9 * 10**7))
    record: dict[str, object] = {"giver_username_if_known": "giver" if luck and rng.random() < 0.5 else "N/A"}
    record |= {"number_of_downvotes_of_request_at_retrieval": int(rng.integers(0, 9))}
    record |= {"post_was_edited": bool(rng.random() < 0.1), "request_id": f"t3_{rng.integers(36**5):05x}"}
    record |= {"request_text": text + " – please", "request_text_edit_aware": text}
    record |= {"request_title": f"[Request] {text[:20]}"}
    for name in NUMBERS:
        number = float(rng.gamma(2, 200 if luck else 100))
        record |= {f"{name}_at_request": number, f"{name}_at_retrieval": number * 1.5}
    record |= {"requester_received_pizza": luck, "requester_subreddits_at_request": ["AskReddit", "pics"]}
    record |= {"requester_user_flair": "shroom" if luck else None, "requester_username": f"user{rng.integers(10**6)}"}
    return record | {"unix_timestamp_of_request": now, "unix_timestamp_of_request_utc": now - 3600}


def _is_later(field: str) -> bool:
    known = ("requester_received_pizza", "requester_user_flair", "post_was_edited", "request_text")
    return field.endswith("_at_retrieval") or field in known
