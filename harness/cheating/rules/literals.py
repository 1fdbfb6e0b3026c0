"""What rules ask of values that are written into a script: are they ids of test rows, or follow a plain step?"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from harness.cheating.case import Task

SHORTEST_ID = 3  # shorter texts are words of other things
MOST_STEPS = 3  # different ones, in what was written down as a range


def is_id(value: object, task: Task) -> bool:
    """Is it the id of a test row?"""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value)
    return text in task.ids and (isinstance(value, int) or task.ids_are_numbers or len(text) >= SHORTEST_ID)


def known(values: Iterable[object], task: Task) -> list[str]:
    """The ids of test rows among values, each once."""
    return list(dict.fromkeys(str(value) for value in values if is_id(value, task)))


def irregular(values: Iterable[object]) -> bool:
    """Do numbers follow no step, as neither a range nor a grid does? Texts that are numbers count as such."""
    numbers = sorted({float(value) for value in values if _is_number(value)})  # type: ignore[arg-type]
    if len(numbers) < 2 * MOST_STEPS:
        return False
    steps = {round(later - one, 9) for one, later in pairwise(numbers)}
    factors = {round(later / one, 6) for one, later in pairwise(numbers) if one}
    return len(steps) > MOST_STEPS and len(factors) > MOST_STEPS


def _is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) or (isinstance(value, str) and value.removeprefix("-").isdecimal())


def shown(values: Iterable[object], most: int = 4) -> str:
    """The first few, as they are written."""
    some = list(values)
    first = ", ".join(repr(value)[:40] for value in some[:most])
    return first + (" …" if len(some) > most else "")
