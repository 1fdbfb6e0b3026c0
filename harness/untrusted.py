"""Text that came out of a box, made fit for a record and a terminal: it may hold escape codes that move the cursor,
change colours, or turn what is written backwards, and in a
spreadsheet it may be a formula. Markdown pages have an escaping of their own.
"""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value")
LONGEST = 500
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text as one printable line, cut with an ellipsis."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def no_formula(value: Value) -> Value | str:
    """The same for a cell of a CSV: text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
