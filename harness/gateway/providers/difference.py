"""Where two requests first differ, in words that help to find the cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_AROUND = 40


@dataclass(frozen=True)
class Difference:
    """The place of the first difference, both sides' text there, and how many characters were the same before it."""

    place: str
    recorded: str
    asked: str
    same: int

    def text(self) -> str:
        return f"at {self.place or 'the top'}: recorded {self.recorded!r}, asked {self.asked!r}"


def first_difference(recorded: Any, asked: Any) -> Difference | None:
    """Compare two JSON values in order; None when they are equal."""
    difference, _ = _walk(recorded, asked, "", 0)
    return difference


def _walk(recorded: Any, asked: Any, place: str, same: int) -> tuple[Difference | None, int]:
    if isinstance(recorded, dict) and isinstance(asked, dict):
        names = [*recorded, *(name for name in asked if name not in recorded)]
        pairs = [(f"{place}.{name}".lstrip("."), recorded.get(name), asked.get(name)) for name in names]
    elif isinstance(recorded, list) and isinstance(asked, list):
        longest = max(len(recorded), len(asked))
        pairs = [(f"{place}[{n}]", _item(recorded, n), _item(asked, n)) for n in range(longest)]
    else:
        return _leaf(recorded, asked, place, same)
    for where, left, right in pairs:
        difference, same = _walk(left, right, where, same)
        if difference is not None:
            return difference, same
    return None, same


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _leaf(recorded: Any, asked: Any, place: str, same: int) -> tuple[Difference | None, int]:
    left, right = _words(recorded), _words(asked)
    if left == right:
        return None, same + len(left)
    start = next((n for n, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(left), len(right)) if start is None else start
    where = f"{place}, character {at}" if isinstance(recorded, str) and isinstance(asked, str) else place
    return Difference(where, _around(left, at), _around(right, at), same + at), same + at


def _words(value: Any) -> str:
    return value if isinstance(value, str) else "nothing" if value is None else repr(value)


def _around(text: str, at: int) -> str:
    return text[max(0, at - _AROUND // 2) : at + _AROUND]
