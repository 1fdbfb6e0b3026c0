"""Writes a baseline out as a script, and reads it back: a CONFIG of its own at the top says which one it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.gateway.providers.offline.baselines.answers import AnswerMetric, answer_metric
from harness.gateway.providers.offline.baselines.guesses import GUESSES
from harness.gateway.providers.offline.literals import literal, merged_imports
from harness.gateway.providers.offline.recipe import config_in
from harness.gateway.providers.offline.sources import (
    ALL_FILES,
    FIND_LABELS,
    FIND_SAMPLE,
    READ_TABLE,
    ROWS_TO_ANSWER,
    SEVENZIP,
)

_ROWS, _ROWS_OF_TEXTS = 4_000, 150  # rows to try constants on: comparing texts character by character takes long


@dataclass(frozen=True)
class Baseline:
    """All that distinguishes one baseline from another."""

    guess: str
    metric: str
    higher: bool
    folds: int = 5

    @property
    def title(self) -> str:
        return GUESSES[self.guess].title


def baseline_in(code: str | None) -> Baseline | None:
    """The baseline that a script of ours carries in its CONFIG; None for any other script."""
    return _checked(config_in(code or ""))


def _checked(config: Any) -> Baseline | None:
    """A CONFIG's shape, checked strictly."""
    if not isinstance(config, dict) or config.get("baseline") not in GUESSES:
        return None
    metric, higher, folds = config.get("metric"), config.get("higher"), config.get("folds")
    if not isinstance(metric, str) or type(higher) is not bool or type(folds) is not int or not 2 <= folds <= 50:
        return None
    return Baseline(config["baseline"], metric, higher, folds)


def render_baseline(baseline: Baseline) -> str:
    """The script. The same baseline gives the same text."""
    metric = answer_metric(baseline.metric, baseline.higher)
    guess = GUESSES[baseline.guess]
    texts = "edits(" in metric.code or "_row(" in metric.code
    settings = {
        "baseline": baseline.guess,
        "metric": baseline.metric,
        "higher": baseline.higher,
        "folds": baseline.folds,
        "own_form": metric.own_form,
        "whole": metric.name not in ("roc_auc", "log_loss", "kl"),
        "rows": _ROWS_OF_TEXTS if texts else _ROWS,
    }
    title = f'"""A baseline: {guess.title}, validated by {baseline.folds}-fold {metric.name}."""'
    config = "\n".join(["CONFIG = {", *(f'    "{key}": {literal(value, 4)},' for key, value in settings.items()), "}"])
    parts = [
        f"{title}\n\n{_imports(metric)}\n\n{config}\n{_PLACES}",
        *(part for part in (ALL_FILES, READ_TABLE, FIND_SAMPLE, FIND_LABELS)),
        metric.helpers,
        metric.code,
        *guess.parts,
        ROWS_TO_ANSWER,
        _ANSWERS,
        _MAIN.replace("$guess", f"{baseline.guess}_guess").replace("$note", _note(metric)),
    ]
    return "\n\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def _note(metric: AnswerMetric) -> str:
    return f"print({literal(metric.note)})\n" if metric.note else ""


def _imports(metric: AnswerMetric) -> str:
    lines = {"import numpy as np", "import pandas as pd", "from sklearn.model_selection import KFold", *metric.imports}
    standard = ["import json", "import tarfile", "import zipfile", "from pathlib import Path"]
    return "\n".join(standard) + "\n\n" + "\n".join(merged_imports(lines)) + "\n\n" + SEVENZIP


_PLACES = """INPUT = Path("input")
WORKING = Path("working")
WORKING.mkdir(exist_ok=True)
"""

_ANSWERS = '''
def as_texts(values, like):
    """Answers as the sample writes them: whole numbers without a point, gaps as nothing."""
    values = pd.Series(values)
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all() and like.str.fullmatch(r"-?\\d+").all():
        values = values.astype("Int64")
    texts = values.map(lambda value: " ".join(map(str, value)) if isinstance(value, list) else value)
    return texts.astype(object).where(values.notna(), "").astype(str)


def places_told_apart(labels):
    """Lists of answers, one a place in a sequence, become a row a place."""
    lists = [c for c in labels if labels[c].map(type).eq(list).all()]
    if not set(lists) & set(ASKED):
        return labels
    same = [c for c in lists if (labels[c].map(len) == labels[next(iter(set(lists) & set(ASKED)))].map(len)).all()]
    long = labels.drop(columns=[c for c in lists if c not in same]).explode(same, ignore_index=False)
    long["part"] = long.groupby(level=0).cumcount().astype(str)
    return long.reset_index(drop=True)


def sorted_items(answers):
    """What answers are made of, without their order."""
    return [" ".join(sorted(text.split())) for text in answers]


def with_part(rows):
    """The rows with the column of the training table that each asks for, where its id or another table says so."""
    if PART_OF_ROW:
        return rows.assign(part=PART_OF_ROW)
    for end in [c for c in labels.get("part", pd.Series(dtype=str)).unique() if "_" in str(c)]:
        rows.loc[rows[ID].str.endswith(f"_{end}"), "part"] = end
    return rows
'''

_MAIN = """
files = all_files()
sample_path = find_sample(files)
sample = read_table(sample_path, dtype=str, keep_default_na=False)
sample = sample[[column for column in sample if not column.startswith("Unnamed:")]]
$notelabels = find_labels(files, sample_path, sample)
ID, *ASKED = sample.columns
submission = sample.copy()
if labels is None:
    # No training answer has the sample's form: the sample's own are handed in, counted as if none were right.
    if not CONFIG["higher"]:
        raise SystemExit("no training answers were found, so nothing can be validated")
    value = 0.0
    print("no training answers in the form of the sample: nothing is measured, the score is that of no right answer")
else:
    test_columns = set()
    for path in files:
        if "test" in path.name.lower() and path.name.lower().endswith(TABLES):
            table = read_table(path)
            test_columns |= set() if table is None else set(table.columns)
    ASKED = [c for c in sample.columns if c in labels and c not in test_columns and c != ID] or ASKED
    if sample.columns[0] in labels and sample.columns[0] not in test_columns and test_columns & set(sample.columns):
        ID, ASKED = next(c for c in sample if c in test_columns), [sample.columns[0]]
    ASKED = [c for c in ASKED if c in labels]
    known = places_told_apart(labels).dropna(subset=ASKED, how="all").reset_index(drop=True)
    for column in ASKED:
        known[column] = as_texts(known[column], sample[column])
    if len(known) > CONFIG["rows"]:
        known = known.sample(CONFIG["rows"], random_state=0).reset_index(drop=True)
    values, sizes = [], []
    for fit, held in KFold(min(CONFIG["folds"], len(known)), shuffle=True, random_state=0).split(known):
        asked = known.iloc[held].drop(columns=ASKED).assign(items=sorted_items(known[ASKED[0]].iloc[held]))
        answers = $guess(known.iloc[fit], asked)
        values.append(score(known[ASKED].iloc[held], answers))
        sizes.append(len(held))
        print(f"fold of {len(held)} rows scores {values[-1]:.5f}")
    defined = [(v, n) for v, n in zip(values, sizes) if not np.isnan(v)]
    value = sum(v * n for v, n in defined) / sum(n for _, n in defined) if defined else float("nan")
    asked = with_part(rows_to_answer(files, sample, ASKED)).assign(items=sorted_items(sample[ASKED[0]]))
    submission[ASKED] = $guess(known, asked).to_numpy()
    numeric = sample[ASKED].apply(pd.to_numeric, errors="coerce")
    if len(ASKED) > 1 and np.allclose(numeric.sum(axis=1), 1, atol=1e-3):
        shares = submission[ASKED].astype(float)
        submission[ASKED] = shares.div(shares.sum(axis=1), axis=0)
if np.isnan(value):
    raise ValueError("the metric is not defined on these answers")
submission.to_csv(WORKING / "submission.csv", index=False)
print(f"validation score: {value:.6f}")
"""
