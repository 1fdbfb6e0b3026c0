"""Holds out a tenth of the molecules, from those measured well, and writes their answers base by base."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harness.splits import Job

TARGETS = ["reactivity", "deg_Mg_pH10", "deg_pH10", "deg_Mg_50C", "deg_50C"]
DECIMALS = "%.10f"


def prepare(job: Job) -> None:
    """Write the molecules of both sides, numbered anew, and a row of answers for each base of the test's."""
    rna = pd.read_json(job.raw / "train.json", lines=True)
    shown = pd.read_json(job.raw / "test.json", lines=True, nrows=1).columns
    drawn = rna[rna["SN_filter"] > 0].sample(n=int(len(rna) * 0.1), random_state=0).index
    of_test = rna.index.isin(drawn)
    train, test = rna[~of_test], rna[of_test]
    train = train.assign(index=range(len(train)))
    train.to_json(job.public / "train.json", orient="records", lines=True)
    hidden = test[shown].assign(index=range(len(test)))
    hidden.to_json(job.public / "test.json", orient="records", lines=True)
    answers = pd.concat([_answers(row) for _, row in test.iterrows()])
    answers.to_csv(job.private / job.answers_file, index=False, float_format=DECIMALS)
    sample = answers[["id_seqpos"]].assign(**dict.fromkeys(TARGETS, 0.0))
    sample.to_csv(job.public / job.sample_file, index=False, float_format=DECIMALS)


def _answers(row: pd.Series) -> pd.DataFrame:
    """Return a row for each base; those behind the last one measured are 0 and not kept."""
    length, scored = row["seq_length"], row["seq_scored"]
    values = np.zeros((length, len(TARGETS)))
    values[:scored] = np.column_stack([row[name] for name in TARGETS])
    table = pd.DataFrame(values, columns=TARGETS)
    table.insert(0, "id_seqpos", [f"{row['id']}_{base}" for base in range(length)])
    return table.assign(keep=np.arange(length) < scored)
