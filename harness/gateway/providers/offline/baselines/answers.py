"""The metrics that a baseline validates by: whole answers against guesses, numbers and text alike.

These are lines of generated scripts. `truth` and `guess` are tables with the predicted columns, rows aligned, cells as
text; `column_by_column` takes the mean over columns. A metric that is not known here is replaced by the share of
answers that are exactly right (or wrong, where lower is better), and the script says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.gateway.providers.offline.baselines.shapes import keeps_to_the_sample, shape_of
from harness.gateway.providers.offline.metrics import ScriptMetric, known_metric

_COLUMNS = '''
def numbers(table):
    """The cells as numbers, gaps and words as 0."""
    return table.apply(pd.to_numeric, errors="coerce").fillna(0.0).to_numpy(dtype=float)


def column_by_column(truth, guess, function):
    """The mean of a score over the columns; one that is not defined (a single class) is left out."""
    values = []
    for y, p in zip(truth.to_numpy().T, guess.to_numpy().T):
        try:
            value = function(y, p)
        except ValueError:
            continue
        values += [] if value is None or np.isnan(value) else [value]
    return float(np.mean(values)) if values else float("nan")


def as_numbers(y, p):
    """Two columns as numbers, rows without a truth left out."""
    y, p = pd.to_numeric(pd.Series(y), errors="coerce"), pd.to_numeric(pd.Series(p), errors="coerce")
    return y[y.notna()].to_numpy(dtype=float), p[y.notna()].fillna(0.0).to_numpy(dtype=float)
'''


@dataclass(frozen=True)
class AnswerMetric:
    """`code` defines `def score(truth, guess)`. `numeric`: answers are numbers, so means are worth a guess."""

    name: str
    higher: bool
    code: str
    imports: tuple[str, ...] = ()
    numeric: bool = False
    own_form: bool = False  # only the sample shows what a valid answer looks like
    of_texts: bool = False  # answers are texts that no class or number stands for
    of_items: bool = False  # answers are orders of a row's own items
    note: str = ""

    @property
    def helpers(self) -> str:
        return _COLUMNS


def _of_values(metric: ScriptMetric) -> str:
    return f'''
def score_of_column(y, p):
    """The competition's metric for one column."""
    y, p = as_numbers(y, p)
    if len(y) == 0:
        return None
    {metric.body}


def score(truth, guess):
    """The competition's metric, the mean over the predicted columns."""
    return column_by_column(truth, guess, score_of_column)
'''


def _of_labels(expression: str) -> str:
    return f'''
def score(truth, guess):
    """The competition's metric on labels, the mean over the predicted columns."""
    return column_by_column(truth.astype(str), guess.astype(str), lambda y, p: {expression})
'''


_AUC = '''
def score_of_column(y, p):
    """The area under the ROC curve of one column, its truth at least a half or not."""
    y, p = as_numbers(y, p)
    return roc_auc_score(y >= 0.5 if y.max() <= 1 else y > y.min(), p)


def score(truth, guess):
    """The area under the ROC curve, the mean over the columns in which both classes occur."""
    return column_by_column(truth, guess, score_of_column)
'''
_LOG_LOSS = '''
def score(truth, guess):
    """Log loss: over the classes of a row where there are several columns, else of yes and no."""
    y, p = numbers(truth), np.clip(numbers(guess), 1e-7, 1 - 1e-7)
    if y.shape[1] > 1:
        return float(-(y * np.log(p / p.sum(axis=1, keepdims=True))).sum(axis=1).mean())
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())
'''
_EXACT = """
def score(truth, guess):
    \"\"\"The share of answers that are {what}.\"\"\"
    alike = (truth.astype(str).to_numpy() == guess.astype(str).to_numpy()).mean()
    return float({value})
"""
_EVERY_ROW = '''
def score(truth, guess):
    """The competition's metric, the mean over rows and columns."""
    return column_by_column(
        truth.astype(str), guess.astype(str), lambda y, p: np.mean([score_of_row(a, b) for a, b in zip(y, p)])
    )
'''


def _of_rows(function: str) -> str:
    return function + "\n" + _EVERY_ROW


_LABEL_EXPRESSIONS = {
    "error_rate": ("1 - accuracy_score(y, p)", "accuracy_score"),
    "accuracy": ("accuracy_score(y, p)", "accuracy_score"),
    "balanced_accuracy": ("balanced_accuracy_score(y, p)", "balanced_accuracy_score"),
    "f1": ('f1_score(y, p, average="macro")', "f1_score"),
    "f1_macro": ('f1_score(y, p, average="macro")', "f1_score"),
    "f1_micro": ('f1_score(y, p, average="micro")', "f1_score"),
    "f1_weighted": ('f1_score(y, p, average="weighted")', "f1_score"),
    "kappa": ("cohen_kappa_score(y, p)", "cohen_kappa_score"),
    "mcc": ("matthews_corrcoef(y, p)", "matthews_corrcoef"),
    "qwk": ("weighted_kappa(y, p)", "cohen_kappa_score"),
}
_WEIGHTED_KAPPA = '''
def weighted_kappa(y, p):
    """Quadratic weighted kappa; 0 where all answers are one label."""
    value = cohen_kappa_score(y.astype(float).astype(int), p.astype(float).astype(int), weights="quadratic")
    return 0.0 if np.isnan(value) else value
'''


def answer_metric(name: str | None, higher: bool | None) -> AnswerMetric:
    """The metric of that name over answers; what is not known becomes the share of exact answers, with a note."""
    key = re.sub(r"[^a-z0-9]+", "_", (name or "").lower()).strip("_")
    shape = shape_of(key)
    if shape is not None:
        code = _of_rows(shape.code) if shape.by_row else shape.code
        return AnswerMetric(
            key,
            shape.higher,
            code,
            own_form=shape.own_form,
            of_texts=not shape.of_classes,
            of_items=shape.of_items,
        )
    known = known_metric(name or "")
    if known is None or (higher is not None and known.higher != higher):
        return _exact(key or "no metric", higher if higher is not None else True)
    return _known(known)


def _known(metric: ScriptMetric) -> AnswerMetric:
    if metric.name in _LABEL_EXPRESSIONS:
        expression, function = _LABEL_EXPRESSIONS[metric.name]
        code = (_WEIGHTED_KAPPA + "\n" if metric.name == "qwk" else "") + _of_labels(expression)
        return AnswerMetric(metric.name, metric.higher, code, (f"from sklearn.metrics import {function}",))
    if metric.name in ("roc_auc", "gini", "average_precision"):
        return AnswerMetric("roc_auc", True, _AUC, ("from sklearn.metrics import roc_auc_score",), numeric=True)
    if metric.wants == "probability":
        return AnswerMetric("log_loss", False, _LOG_LOSS, numeric=True)
    if metric.wants != "value":
        return _exact(metric.name, metric.higher)
    return AnswerMetric(metric.name, metric.higher, _of_values(metric), metric.imports, numeric=True)


def _exact(name: str, higher: bool) -> AnswerMetric:
    what, value = ("exactly right", "alike") if higher else ("not exactly right", "1 - alike")
    note = f"{name} is not a metric that this script can compute; the score is the share of answers that are {what}"
    code = _EXACT.format(what=what, value=value)
    return AnswerMetric("exact", higher, code, own_form=keeps_to_the_sample(name), note=note)
