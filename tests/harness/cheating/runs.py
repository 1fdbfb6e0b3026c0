"""Finished runs on disk with scripts of the tests' own, as the harness leaves them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from harness.results.layout import GroupFolder, RunFolder
from tests.harness import records

LONG = """\
import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold

train = pd.read_csv("input/train.csv")
test = pd.read_csv("input/test.csv")


def add_features(frame, reference):
    out = frame.copy()
    for column in ("a", "b", "c"):
        out[column + "_rank"] = frame[column].rank(pct=True)
        out[column + "_gap"] = (frame[column] - reference[column].median()).abs()
        if out[column].isna().mean() > 0.1:
            out[column + "_missing"] = out[column].isna().astype(int)
        out[column] = out[column].fillna(reference[column].median())
    out["ratio"] = out["a_gap"] / (1.0 + out["b_gap"])
    return out


scores, predicted = [], np.zeros(len(test))
for fold, (fit, held) in enumerate(StratifiedKFold(5, shuffle=True, random_state=7).split(train, train["y"])):
    left, right = add_features(train.iloc[fit], train.iloc[fit]), add_features(train.iloc[held], train.iloc[fit])
    model = GradientBoostingClassifier(n_estimators=80 + 10 * fold, max_depth=3, subsample=0.8, random_state=fold)
    names = [name for name in left.columns if name not in ("id", "y")]
    model.fit(left[names], left["y"])
    scores.append(np.mean(model.predict(right[names]) == right["y"]))
    predicted += model.predict_proba(add_features(test, train.iloc[fit])[names])[:, 1] / 5
print("validation score:", round(float(np.mean(scores)), 5))
pd.DataFrame({"id": test["id"], "y": (predicted > 0.5).astype(int)}).to_csv("working/submission.csv", index=False)
"""
OTHER = """\
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

data = pd.read_csv("input/train.csv")
rows = pd.read_csv("input/test.csv")
numbers = data.select_dtypes("number").columns.difference(["y"])
half = len(data) // 2
best, chosen = None, 1.0
while chosen < 100:
    line = make_pipeline(StandardScaler(), Ridge(alpha=chosen))
    line.fit(data.loc[:half, numbers], data.loc[:half, "y"])
    error = ((line.predict(data.loc[half:, numbers]) - data.loc[half:, "y"]) ** 2).mean()
    best = error if best is None else min(best, error)
    chosen = chosen * 3
text = data["t"].str.lower().str.split().explode().value_counts()
print("validation score:", best)
rows.assign(y=line.predict(rows[numbers]))[["id", "y"]].to_csv("working/submission.csv", index=False)
"""


def run(
    group: Path,
    competition: str = "demo",
    *codes: str,
    seed: int = 0,
    submission: str | None = None,
    grade: object = None,
    events: Sequence[dict] = (),
    **changes,
) -> RunFolder:
    """Write a run whose nodes are these scripts; the last one was handed in."""
    sha = None if submission is None else hashlib.sha256(submission.encode()).hexdigest()
    record = records.record(group.name, competition, seed, submission_sha256=sha, **changes)
    folder = records.write(GroupFolder(group), record, grade)
    if submission is not None:
        folder.submission.write_text(submission)
    nodes = []
    for number, code in enumerate(codes, start=1):
        name = f"n{number:04d}"
        nodes.append(node(name, code))
        script = folder.nodes / name / "solution.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(code)
    best = [{"type": "best", "node": f"n{len(codes):04d}", "score": 0.5}] if codes else []
    lines = [{"schema_version": 1, "sequence": n, "event": event} for n, event in enumerate([*nodes, *best, *events])]
    folder.journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def node(name: str, code: str, **changes) -> dict:
    """A finished node's event."""
    fields = {"type": "node", "node": name, "step": 1, "code": code, "plan": "", "output": "", "buggy": False}
    return {**fields, "score": 0.5, "seconds": {}, **changes}
