"""Holds out the purchases of the last days. The transactions, some thirty million, are read part by part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from harness.splits import Job
from harness.splits.placing import place

TRANSACTIONS, ROWS_AT_ONCE = "transactions_train.csv", 2_000_000
UNCHANGED = ("articles.csv", "customers.csv", "sample_submission.csv")
MOST = 12  # recommendations that count


def prepare(job: Job, days: int, ids: Literal["number", "text"]) -> None:
    """Write the earlier transactions, and for each customer of the last `days` what was bought, in order.

    As a number, an article's id loses its leading zero.
    """
    source = job.raw / TRANSACTIONS
    last = max(part["t_dat"].max() for part in _parts(source, usecols=["t_dat"]))
    first_of_test = str((pd.Timestamp(last) - pd.Timedelta(days=days - 1)).date())
    held_out = []
    with (job.public / TRANSACTIONS).open("w", encoding="utf-8", newline="") as train:
        for number, part in enumerate(_parts(source, dtype={"article_id": "str" if ids == "text" else "int64"})):
            of_test = part["t_dat"] >= first_of_test  # dates are written so that they sort as texts
            part[~of_test].to_csv(train, index=False, header=number == 0)
            held_out.append(part.loc[of_test, ["customer_id", "article_id"]])
    bought = pd.concat(held_out).astype(str)
    _lists(bought).to_csv(job.private / job.answers_file, index=False)
    _lists(bought.drop_duplicates(), MOST).to_csv(job.private / "perfect.csv", index=False)
    images = (path for path in (job.raw / "images").rglob("*") if path.is_file())
    place((path, job.public / path.relative_to(job.raw)) for path in images)
    place((job.raw / name, job.public / name) for name in UNCHANGED)


def _parts(path: Path, **options: Any) -> Iterator[pd.DataFrame]:
    with pd.read_csv(path, chunksize=ROWS_AT_ONCE, **options) as parts:
        yield from parts


def _lists(bought: pd.DataFrame, most: int | None = None) -> pd.DataFrame:
    """Return each customer's articles as one text with blanks between, sorted by customer."""
    lists = bought.groupby("customer_id")["article_id"].agg(lambda articles: " ".join(articles[:most]))
    return lists.rename("prediction").reset_index()
