"""Reviews an execution: was it a bug, what came of it, and which score does it claim?

Only facts of the output are used. Arguments follow the tool's own schema, so that a tool with other fields is served
as far as its fields are understood.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

_SCORE = re.compile(r"^.*validation score:[ \t]*(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(r"fold\b.*?([-+]?\d+\.\d+(?:e[-+]?\d+)?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_ERROR = re.compile(r"^(?:[\w.]+\.)?(\w*(?:Error|Exception|Exit|Interrupt|Iteration)): ?(.*)$", re.MULTILINE)
_ENDED_BADLY = re.compile(
    r"timed[ _]?out|out[ _]of[ _]memory|output[ _]limit|\bkilled\b|exit code [1-9]", re.IGNORECASE
)


def last_score(output: str) -> float | None:
    """The last finite `validation score:` of an output."""
    for text in reversed(_SCORE.findall(output)):
        try:
            value = float(text)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return None


def last_error(output: str) -> str | None:
    """The exception that ended a script, as `Name: message`; None when no traceback was printed."""
    if "Traceback (most recent call last)" not in output and "SyntaxError" not in output:
        return None
    found = _ERROR.findall(output)
    return f"{found[-1][0]}: {found[-1][1]}".strip() if found else "an exception"


def findings(output: str) -> tuple[bool, str, float | None]:
    """Bug or not, two or three sentences, and the score."""
    score, error = last_score(output), last_error(output)
    if error is not None:
        return True, f"The script ended with {error[:300]}. {_proposal(error)}", None
    if score is None:
        ended = _ENDED_BADLY.search(output)
        how = f"It ended early ({ended[0]})." if ended else "Its output has no line `validation score: <number>`."
        return True, f"The script gave no usable score. {how} It should do less work and print the score last.", None
    return False, _summary(output, score), score


def _proposal(error: str) -> str:
    name = error.split(":", 1)[0]
    advice = {
        "ModuleNotFoundError": "Use a library that is installed.",
        "ImportError": "Use a library that is installed.",
        "KeyError": "Check which columns each table has before using them.",
        "FileNotFoundError": "Look for the file names in the input folder.",
        "MemoryError": "Train on fewer rows or smaller arrays.",
        "ValueError": "Check types, gaps and shapes before fitting.",
    }
    return advice.get(name, "The failing line needs a fix before anything else is changed.")


def _summary(output: str, score: float) -> str:
    folds = [float(value) for value in _FOLD.findall(output)]
    if len(folds) < 2:
        return f"It ran through and validated at {score:g}."
    spread = math.sqrt(sum((value - sum(folds) / len(folds)) ** 2 for value in folds) / (len(folds) - 1))
    steady = "steady" if spread < 0.03 * max(abs(score), 1e-9) else "uneven"
    return (
        f"It ran through and validated at {score:g}. The {len(folds)} folds are {steady}, "
        f"{min(folds):g} to {max(folds):g}."
    )


def review(output: str, tools: Sequence[Mapping[str, Any]], higher: bool) -> tuple[str, dict[str, Any]]:
    """The tool to call and its arguments."""
    name, properties = _tool(tools)
    is_bug, summary, metric = findings(output)
    known = {"is_bug": is_bug, "summary": summary, "metric": metric, "lower_is_better": not higher}
    wanted = properties or {"is_bug": {}, "summary": {}, "metric": {}}
    return name, {key: value for key, value in known.items() if key in wanted}


def _tool(tools: Sequence[Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    """Name and properties of the review tool, in either provider's shape; the first tool when none has its name."""
    described = [tool.get("function", tool) for tool in tools if isinstance(tool, Mapping)]
    usable = [tool for tool in described if isinstance(tool, Mapping) and isinstance(tool.get("name"), str)]
    chosen = next((tool for tool in usable if tool["name"] == "submit_review"), usable[0] if usable else {})
    schema = chosen.get("parameters") or chosen.get("input_schema") or {}
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return chosen.get("name", "submit_review"), properties if isinstance(properties, Mapping) else {}
