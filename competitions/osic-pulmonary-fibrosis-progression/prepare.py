"""Holds a tenth of the patients out: public data show their first visit, and every week is to be forecast."""

from __future__ import annotations

import pandas as pd

from harness.splits import Job
from harness.splits.placing import place

SCORED_VISITS = 3
FIRST_GUESS = {"FVC": 2000, "Confidence": 100}
BEST_CONFIDENCE = 70  # no smaller one is rewarded


def prepare(job: Job) -> None:
    """Write tables and scans; the weeks run from the first to the last of any test patient."""
    from sklearn.model_selection import train_test_split

    visits = pd.read_csv(job.raw / "train.csv")
    by_patient = [rows for _, rows in visits.groupby("Patient")]
    train, test = (pd.concat(side) for side in train_test_split(by_patient, test_size=0.1, random_state=0))
    first = test.sort_values(by="Weeks").groupby("Patient").first().reset_index()
    weeks = range(test["Weeks"].min(), test["Weeks"].max() + 1)
    every = pd.MultiIndex.from_product([test["Patient"].unique(), weeks], names=["Patient", "Weeks"]).to_frame(
        index=False
    )
    answers = every.merge(test, on=["Patient", "Weeks"], how="left")
    answers["Patient_Week"] = answers["Patient"] + "_" + answers["Weeks"].astype(str)
    answers["Confidence"] = FIRST_GUESS["Confidence"]

    train.to_csv(job.public / "train.csv", index=False)
    first.to_csv(job.public / "test.csv", index=False)
    answers.to_csv(job.private / "test.csv", index=False)
    _scored(answers).to_csv(job.private / job.answers_file, index=False)
    answers[["Patient_Week"]].assign(**FIRST_GUESS).to_csv(job.public / job.sample_file, index=False)
    for side, rows in {"train": train, "test": test}.items():
        scans = [scan for patient in rows["Patient"].unique() for scan in (job.raw / "train" / patient).iterdir()]
        place((scan, job.public / side / scan.parent.name / scan.name) for scan in scans)


def _scored(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the last visits of each patient, with the confidence that a sure forecaster would state."""
    measured = answers.dropna(subset=["FVC"]).sort_values("Weeks").groupby("Patient").tail(SCORED_VISITS)
    return measured[["Patient_Week", "FVC"]].assign(Confidence=BEST_CONFIDENCE)
