"""Looks at a script whose score is too good for the few leaks that can be told from its text alone.

Rules, not understanding: what they find is there, and of everything else they say that they did not look. A script that
does not parse is not judged.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

_SPLITS = re.compile(
    r"cross_val|KFold|train_test_split|ShuffleSplit|TimeSeriesSplit|PredefinedSplit|LeaveOne|oob_score|GridSearchCV"
)
_SCORE_TEXT = "validation score"
LOOKED_FOR = (
    "the offline reviewer looked for a score that is written down, for scoring on the rows that were fitted, "
    "and for means of the target over all rows; of other leaks it knows nothing"
)


def look_for_leaks(code: str) -> dict[str, Any]:
    """The arguments of `submit_leakage`."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return {"is_leak": False, "reason": "The script does not parse, so nothing can be said of it."}
    found = next(_leaks(tree, code), None)
    if found is None:
        return {"is_leak": False, "reason": f"No leak was found: {LOOKED_FOR}."}
    return {"is_leak": True, "reason": found}


def _leaks(tree: ast.Module, code: str) -> Iterator[str]:
    yield from _written_down(tree)
    if not _SPLITS.search(code):
        yield from _scored_as_fitted(tree)
    yield from _target_means(tree)


def _written_down(tree: ast.Module) -> Iterator[str]:
    """A score line whose number is in the text of the program."""
    for call in _calls(tree, "print"):
        texts = [part.value for part in call.args if isinstance(part, ast.Constant)]
        line = " ".join(str(text) for text in texts)
        if len(texts) == len(call.args) and re.search(rf"{_SCORE_TEXT}\s*:\s*[-+.\d]", line, re.IGNORECASE):
            yield f"Line {call.lineno} prints the score as a constant: it is not measured."


def _scored_as_fitted(tree: ast.Module) -> Iterator[str]:
    """Scoring a model on the very names that it was fitted on, in a script that never splits."""
    fitted = {_names(call.args[:2]) for call in _calls(tree, "fit") if call.args}
    for call in (*_calls(tree, "score"), *_calls(tree, "predict"), *_calls(tree, "predict_proba")):
        given = _names(call.args[:1])
        if given and any(names[:1] == given for names in fitted):
            yield (
                f"Line {call.lineno} uses {given[0]}, which the model was fitted on, and nothing in the script splits "
                "the rows: the score is of known rows."
            )


def _target_means(tree: ast.Module) -> Iterator[str]:
    """Statistics of the target over groups of all rows, made outside every function and loop."""
    target = _target(tree)
    if target is None:
        return
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.For | ast.While):
            continue
        for node in ast.walk(statement):
            if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
                continue
            if node.slice.value == target and any(True for _ in _calls(node.value, "groupby")):
                yield f"Line {node.lineno} averages `{target}` over groups of all rows, those of validation too."


def _target(tree: ast.Module) -> str | None:
    """The column that is put into a variable called y or target."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        if node.targets[0].id.lower() in ("y", "target", "y_train", "labels"):
            for inner in ast.walk(node.value):
                if isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Constant):
                    return inner.slice.value if isinstance(inner.slice.value, str) else None
    return None


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)) == name:
                yield node


def _names(values: list[ast.expr]) -> tuple[str, ...]:
    return tuple(ast.unparse(value) for value in values)
