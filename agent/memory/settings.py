"""Which settings were tried with which values, read from the scripts themselves.

A setting is a keyword argument, or an entry of a dict, with a plain number, word or None. Only those that took more
than one value are worth telling. Kept up to date as nodes arrive, since parsing 500 scripts for each prompt is slow.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from agent.journal import Journal, Node
from agent.memory.lines import gain
from agent.tokens import within

_NOISE = {"random_state", "seed", "n_jobs", "verbose", "verbosity", "axis", "index", "thread_count", "dtype", "inplace"}
_MOST_NAMES = 200
_MOST_VALUES = 12
_VALUE_CHARS = 24

Value = str | int | float | bool | None


class SettingsTried:
    """For each setting, its values with the best score that a script with it got; None where none worked."""

    def __init__(self) -> None:
        self.scores: dict[str, dict[Value, float | None]] = {}

    def add(self, journal: Journal, node: Node) -> None:
        """Take in a node's script."""
        score = None if node.buggy else node.score
        for name, value in dict.fromkeys(_settings(node.code)):
            if name not in self.scores and len(self.scores) >= _MOST_NAMES:
                continue
            values = self.scores.setdefault(name, {})
            if value in values or len(values) < _MOST_VALUES:
                values[value] = _best(journal, values.get(value), score)

    def told(self, budget: int) -> list[str]:
        """Return a line for each setting that varied, those with the most values first, while they fit."""
        varied = [(name, values) for name, values in self.scores.items() if len(values) > 1]
        varied.sort(key=lambda item: (-len(item[1]), item[0]))
        return [text for _, text in within(((name, _line(name, values)) for name, values in varied), budget)]


def _line(name: str, values: dict[Value, float | None]) -> str:
    ordered = sorted(values.items(), key=lambda item: (isinstance(item[0], str), str(type(item[0])), _order(item[0])))
    told = ", ".join(f"{value} → {'failed' if score is None else f'{score:.5g}'}" for value, score in ordered)
    return f"- {name}: {told}"


def _order(value: Value) -> tuple[float, str]:
    return (float(value), "") if isinstance(value, int | float) else (0.0, str(value))


def _best(journal: Journal, known: float | None, score: float | None) -> float | None:
    if known is None or score is None:
        return score if known is None else known
    return score if gain(journal.direction, score, known) > 0 else known


def _settings(code: str) -> Iterator[tuple[str, Value]]:
    """Yield the settings of a script; none of one that does not parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
    for part in ast.walk(tree):
        if isinstance(part, ast.Call):
            yield from _plain((keyword.arg, keyword.value) for keyword in part.keywords)
        elif isinstance(part, ast.Dict):
            keys = (key.value if isinstance(key, ast.Constant) else None for key in part.keys)
            yield from _plain(zip(keys, part.values, strict=True))


def _plain(pairs: Iterator[tuple[object, ast.expr]]) -> Iterator[tuple[str, Value]]:
    for name, value in pairs:
        if isinstance(name, str) and name.isidentifier() and name not in _NOISE and isinstance(value, ast.Constant):
            found = value.value
            if isinstance(found, bool | int | float | None) or (isinstance(found, str) and _is_word(found)):
                yield name, found


def _is_word(text: str) -> bool:
    return len(text) <= _VALUE_CHARS and text.isprintable()
