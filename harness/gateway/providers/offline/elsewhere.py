"""Prompts of other agents, put into the words that the readers here know: data previews, metrics in prose, durations.

Only what differs is translated; what is not recognised stays as it is, so a prompt of our own passes through unchanged.
"""

from __future__ import annotations

import re

# aideml's preview: "-> input/train.csv has 8 rows and 2 columns.", then a line a column, in alphabetical order.
_TABLE = re.compile(r"^-> (\S+) has (\d+) rows and \d+ columns\.$")
_UNIQUE = re.compile(r"^(.+) \((\w+)\) has (\d+) unique values(?:: \[(.*)\]|\. Some example values: \[(.*)\])$")
_RANGE = re.compile(r"^(.+) \((\w+)\) has range: (\S+) - (\S+), (\d+) nan values$")
_SHARES = re.compile(r"^(.+) \(bool\) is \S+% True, \S+% False$")
_NAMES = re.compile(r"^The columns are: (.+?)(?:\.\.\. and (\d+) more columns)?$")
_QUOTED = re.compile(r"'([^']*)'")

_KINDS = {"i": "integer", "u": "integer", "f": "number", "b": "boolean", "d": "date"}  # by a dtype's first letter
_ID = re.compile(r"(?:^|_)id$|^id|ID$|Id$")

# Metrics as an evaluation's first sentences name them; the first that fits counts, so special ones come first.
_SAID = (
    (r"quadratic(?:ally)? weight", "qwk"),
    (r"area under the (?:roc|receiver)|roc[- ]auc|areas under the \w+ roc", "roc_auc"),
    (r"balanced accuracy", "balanced_accuracy"),
    (r"macro[- ]f1|f1[- ]macro|mean f1 score of the classes", "f1_macro"),
    (r"\bf1\b", "f1"),
    (r"matthews", "mcc"),
    (r"root (?:of the )?mean squared (?:logarithmic error|error of the (?:natural )?logarithm)|rmsle", "rmsle"),
    (r"root (?:of the )?mean squared error|rmse", "rmse"),
    (r"mean squared error", "mse"),
    (r"mean absolute percentage", "mape"),
    (r"mean absolute error|\bmae\b", "mae"),
    (r"log(?:arithmic)?[- ]?loss|cross[- ]entropy", "log_loss"),
    (r"coefficient of determination|\br2\b|r²", "r2"),
    (r"pearson", "pearson"),
    (r"accuracy|share of \w+ (?:\w+ )?whose [\w`]+ is right", "accuracy"),
)
_EVALUATION = re.compile(r"^#+[ \t]*(?:evaluation|metric|scoring)\b.*$", re.IGNORECASE | re.MULTILINE)
_HEADING = re.compile(r"^#", re.MULTILINE)
_FEW_CHARS = 400  # the metric is named at once

_WITHIN = re.compile(
    r"should (?:complete|finish|run) within (?:about )?(an?|\d+(?:\.\d+)?) (second|minute|hour|day)s?", re.IGNORECASE
)
_UNIT_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


def preview(text: str) -> str:
    """A data preview with every column on a line of the form that our own prompts have; ours stay as they are."""
    if not any(_TABLE.match(line) for line in text.splitlines()):
        return text
    lines: list[str] = []
    for line in text.splitlines():
        table, names = _TABLE.match(line), _NAMES.match(line)
        if table is not None:
            lines.append(f"{table[1]}: {table[2]} rows")
        elif names is not None:
            lines += [f"- `{name}`" for name in _identifier_first(names[1].split(", "))]
            lines += [f"- … and {names[2]} more"] if names[2] else []
        else:
            lines.append(_column(line) or line)
    return "\n".join(_ordered(lines))


def metric(task: str) -> str | None:
    """The metric that a task's section on evaluation names in prose; None where there is none we know."""
    heading = _EVALUATION.search(task)
    if heading is None:
        return None
    section = _HEADING.split(task[heading.end() :], maxsplit=1)[0]
    said = " ".join(section.split())[:_FEW_CHARS].lower()
    return next((name for pattern, name in _SAID if re.search(pattern, said)), None)


def timeout_seconds(text: str) -> float | None:
    """How long a script may take, where instructions say so in words."""
    found = _WITHIN.search(text)
    if found is None:
        return None
    amount = 1.0 if found[1].lower() in ("a", "an") else float(found[1])
    return amount * _UNIT_SECONDS[found[2].lower()]


def _column(line: str) -> str | None:
    if shares := _SHARES.match(line):
        return f"- `{shares[1]}`: boolean, 2 values"
    if spread := _RANGE.match(line):
        gaps = ", some missing" if spread[5] != "0" else ""
        return f"- `{spread[1]}`: {_kind(spread[2])}, from {spread[3]} to {spread[4]}{gaps}"
    if unique := _UNIQUE.match(line):
        listed = unique[4] or unique[5] or ""
        examples = "".join(f' "{value}"' for value in _QUOTED.findall(listed))
        gaps = ", some missing" if "nan" in listed.split(", ") else ""
        return f"- `{unique[1]}`: {_kind(unique[2])}, {unique[3]} values{examples}{gaps}"
    return None


def _kind(dtype: str) -> str:
    return _KINDS.get(dtype[:1], "text")


def _ordered(lines: list[str]) -> list[str]:
    """A sample submission's identifier first, which an alphabetical list has put anywhere."""
    ordered: list[str] = []
    columns: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("- `"):
            columns.append(line)
            continue
        ordered += _identifier_first(columns)
        columns = []
        ordered.append(line)
    return ordered[:-1]


def _identifier_first(columns: list[str]) -> list[str]:
    return sorted(columns, key=lambda line: not _ID.search(line.removeprefix("- `").split("`")[0]))
