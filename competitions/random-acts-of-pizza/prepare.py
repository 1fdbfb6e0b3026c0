"""Records of JSON at random; those of test keep the fields that the released test records have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from harness.splits import Job
from harness.splits.placing import pack_zip

TARGET = "requester_received_pizza"
Records = list[dict[str, Any]]


def prepare(job: Job, without: Sequence[str] = ()) -> None:
    """Write both files plain and zipped, the answers and a sample of zeros; fields in `without` are left out."""
    from sklearn.model_selection import train_test_split

    labelled, released = _read(job.raw / "train.json"), _read(job.raw / "test.json")
    share = len(released) / (len(labelled) + len(released))
    train, test = train_test_split(labelled, test_size=share, random_state=0)
    _write(job, "train", [_only(record, record, without) for record in train])
    _write(job, "test", [_only(record, released[0], without) for record in test])
    columns = {"request_id": [one["request_id"] for one in test], TARGET: [int(one[TARGET]) for one in test]}
    truth = pd.DataFrame(columns)
    truth.to_csv(job.private / job.answers_file, index=False)
    truth.assign(**dict(job.sample)).to_csv(job.public / job.sample_file, index=False)


def _read(path: Path) -> Records:
    records: Records = json.loads(path.read_text(encoding="utf-8"))
    return records


def _only(record: dict[str, Any], fields: Iterable[str], without: Sequence[str]) -> dict[str, Any]:
    return {field: record[field] for field in fields if field not in without}


def _write(job: Job, name: str, records: Records) -> None:
    plain = job.public / f"{name}.json"
    plain.write_text(json.dumps(records, indent=4), encoding="utf-8")
    pack_zip(job.public / f"{name}.zip", [(plain, plain.name)])
