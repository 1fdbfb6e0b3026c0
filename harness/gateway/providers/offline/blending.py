"""Writes the script of the end game: a blend of what earlier solutions predicted, weights chosen on out-of-fold rows.

Weights come from repeatedly adding whichever solution helps most, as long as one does (Caruana and others, 2004). The
score is measured on rows that took no part in choosing.
"""

from __future__ import annotations

import json
from string import Template

from harness.gateway.providers.offline.approaches import Problem
from harness.gateway.providers.offline.reading import Situation
from harness.gateway.providers.offline.snippets import tables, validating

_SCRIPT = Template('''"""Blend of $count solutions, weights chosen by $metric on out-of-fold predictions."""

from pathlib import Path

import numpy as np
import pandas as pd
$imports
from sklearn.model_selection import KFold

NODES = $nodes
INPUT, WORKING, EARLIER = Path("input"), Path("working"), Path("earlier")
HIGHER = $higher

$find_table

$score

def predictions(node):
    """A solution's predictions for training rows and test rows, by row."""
    return tuple(pd.read_csv(EARLIER / f"{node}-{kind}.csv").set_index("row") for kind in ("oof", "test"))


def better(one, other):
    return one > other if HIGHER else one < other


def choose(y, parts):
    """How often each solution enters the mean: the best alone, then whichever helps, as long as one does."""
    counts = np.zeros(len(parts))
    best = None
    for _ in range(25):
        scores = [score(y, (sum(c * p for c, p in zip(counts, parts)) + q) / (counts.sum() + 1)) for q in parts]
        at = int(np.argmax(scores) if HIGHER else np.argmin(scores))
        if best is not None and not better(scores[at], best):
            break
        best = scores[at]
        counts[at] += 1
    return counts / counts.sum()


def mixed(weights, parts):
    return sum(w * p for w, p in zip(weights, parts))


train, sample = find_table("train"), find_table("sample", "submission")
found = {node: predictions(node) for node in NODES}
targets = list(dict.fromkeys(column.split("=")[0] for column in next(iter(found.values()))[0].columns))
ID = sample.columns[0]
train = train.dropna(subset=targets).reset_index(drop=True)
rows = train[ID] if ID in train else pd.Series(np.arange(len(train)))
found = {node: both for node, both in found.items() if set(rows) == set(both[0].index)}
print(f"{len(found)} of {len(NODES)} solutions have predictions for the same rows")
submission, scores = sample.copy(), []
for target in targets:
    columns = [c for c in next(iter(found.values()))[0].columns if c.split("=")[0] == target]
    $truth
    parts = [oof.loc[rows, columns].to_numpy()$flat for oof, _ in found.values()]
    alone = [score(y, part) for part in parts]
    print(f"{target}: the best solution alone scores {max(alone) if HIGHER else min(alone):.6f}")
    honest = []
    for rest, held in KFold(5, shuffle=True, random_state=0).split(y):
        weights = choose(y[rest], [part[rest] for part in parts])
        honest.append(score(y[held], mixed(weights, [part[held] for part in parts])))
    scores.append(np.mean(honest))
    weights = choose(y, parts)
    print(", ".join(f"{node} {weight:.2f}" for node, weight in zip(found, weights)))
    test_rows = next(iter(found.values()))[1].index
    order = sample[ID] if sample[ID].isin(test_rows).all() and test_rows.is_unique else test_rows
    p = mixed(weights, [test.loc[order, columns].to_numpy()$flat for _, test in found.values()])
$predict

WORKING.mkdir(exist_ok=True)
submission.to_csv(WORKING / "submission.csv", index=False)
print(f"validation score: {np.mean(scores):.6f}")
''')

_CLASSES = "classes, y = np.unique(train[target], return_inverse=True)"
_VALUES = "y = train[target].to_numpy(dtype=float)"
_NAMED = "column = target if target in sample.columns else sample.columns[1]"
_PREDICT = {
    "value": f"    {_NAMED}\n    submission[column] = p",
    "probability": f"    {_NAMED}\n    submission[column] = p[:, -1]",
    "labels": f"    {_NAMED}\n    submission[column] = pd.Series(classes[p.argmax(axis=1)], dtype=train[target].dtype)",
    "classes": """    for i, name in enumerate(classes):
        named = (c for c in sample.columns[1:] if c == str(name) or c.endswith(f"_{name}"))
        column = next(named, sample.columns[1 + i])
        submission[column] = p[:, i]""",
}


def blend_script(situation: Situation, problem: Problem) -> str | None:
    """The script; None where fewer than two solutions left predictions to weigh, or rows are not those of a table."""
    metric = problem.metric
    if len(situation.earlier) < 2 or problem.source == "found" or metric.wants not in _PREDICT:
        return None
    classes = metric.task == "classification"
    return _SCRIPT.substitute(
        count=len(situation.earlier),
        metric=metric.name,
        imports="\n".join(metric.imports),
        nodes=json.dumps(list(situation.earlier)),
        higher=metric.higher,
        find_table=tables.FIND_TABLE.strip("\n") + "\n",
        score=Template(validating.SCORE).substitute(body=metric.body).strip("\n") + "\n",
        truth=_CLASSES if classes else _VALUES,
        flat="" if classes else "[:, 0]",
        predict=_PREDICT["classes" if problem.layout == "classes" else metric.wants],
    )


def blend_plan(situation: Situation, problem: Problem) -> str:
    """Plan of a blend."""
    return (
        f"Blend: the predictions of {', '.join(situation.earlier)}. Weights come from adding whichever solution helps "
        f"{problem.metric.name} most on out-of-fold rows, as long as one does. "
        "The score is that of rows which took no part in choosing them."
    )
