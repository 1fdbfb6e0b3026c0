"""Divides labelled windows of EEG by recording or by patient; recordings go with their windows.

Answers keep the experts' votes; a perfect submission has each row's votes as shares.
"""

from __future__ import annotations

import pandas as pd

from harness.splits import Job
from harness.splits.placing import place

VOTES = ["seizure_vote", "lpd_vote", "gpd_vote", "lrda_vote", "grda_vote", "other_vote"]
PLACE = ["eeg_sub_id", "eeg_label_offset_seconds", "spectrogram_sub_id", "spectrogram_label_offset_seconds"]
RECORDINGS = {"eeg_id": "eegs", "spectrogram_id": "spectrograms"}


def prepare(job: Job) -> None:
    """Hold out a tenth of the spectrograms; test rows tell no more than what was recorded of whom."""
    _prepare(job, group="spectrogram_id", shown=["spectrogram_id", "eeg_id", "patient_id"])


def prepare_fixed(job: Job) -> None:
    """Hold out a tenth of the patients; test rows tell which window of the recordings is meant."""
    _prepare(job, group="patient_id", shown=["label_id", "spectrogram_id", "eeg_id", "patient_id", *PLACE])


def _prepare(job: Job, group: str, shown: list[str]) -> None:
    from sklearn.model_selection import train_test_split

    rows = pd.read_csv(job.raw / "train.csv")
    _, held_out = train_test_split(rows[group].unique(), test_size=0.1, random_state=0)
    of_test = rows[group].isin(held_out)
    train, test = rows[~of_test], rows[of_test]
    train.to_csv(job.public / "train.csv", index=False)
    test.to_csv(job.private / job.answers_file, index=False)
    test[shown].to_csv(job.public / "test.csv", index=False)
    shares = test[VOTES].div(test[VOTES].sum(axis=1), axis=0)
    perfect = pd.concat([test[list(job.id_columns)], shares], axis=1)
    perfect.to_csv(job.private / "gold_submission.csv", index=False)
    perfect.assign(**dict.fromkeys(VOTES, 1 / len(VOTES))).to_csv(job.public / job.sample_file, index=False)
    for side, table in {"train": train, "test": test}.items():
        for id, kind in RECORDINGS.items():
            names = [f"{recording}.parquet" for recording in table[id].unique()]
            place((job.raw / f"train_{kind}" / name, job.public / f"{side}_{kind}" / name) for name in names)
    figures = (path for path in (job.raw / "example_figures").rglob("*") if path.is_file())
    place((path, job.public / path.relative_to(job.raw)) for path in figures)
