"""Divides the labelled clips by day: the first two of four are for training, the last two are the test."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pandas as pd

from harness.splits import Job
from harness.splits.placing import names_in_zip, pack_zip, place_from_zip

RAW_NAME = re.compile(r"(?P<time>(?P<day>\d{8})_.*)TRAIN\d+_(?P<label>[01])\.aif")


def prepare(job: Job) -> None:
    """Write both archives, clips renumbered in the order of time; names of test clips lose the label."""
    names = sorted(Path(name).name for name in names_in_zip(job.raw / "train2.zip") if name.endswith(".aif"))
    clips = pd.Series(names).str.extract(RAW_NAME).assign(name=names)
    if clips.isna().any(axis=None):
        raise ValueError(f"train2.zip: the name {clips['name'][clips['time'].isna()].iloc[0]!r} tells no day and label")
    days = sorted(clips["day"].unique())
    if len(days) != 4:
        raise ValueError(f"train2.zip: expected clips of four days, found {len(days)}")
    train, test = (clips[clips["day"].isin(some)].reset_index(drop=True) for some in (days[:2], days[2:]))
    test["clip"] = test["time"] + "Test" + test.index.astype(str) + ".aif"
    train["clip"] = train["time"] + "TRAIN" + train.index.astype(str) + "_" + train["label"] + ".aif"
    with tempfile.TemporaryDirectory(dir=job.public.parent) as unpacked:
        for folder, some in (("train2", train), ("test2", test)):
            place_from_zip(job.raw / "train2.zip", ((f"train2/{name}", Path(unpacked) / name) for name in some["name"]))
            named = zip(some["name"], some["clip"], strict=True)
            pack_zip(
                job.public / f"{folder}.zip", ((Path(unpacked) / name, f"{folder}/{clip}") for name, clip in named)
            )
    answers = test[["clip"]].assign(probability=test["label"].astype(int))
    answers.to_csv(job.private / job.answers_file, index=False)
    answers.assign(probability=0).to_csv(job.public / job.sample_file, index=False)
