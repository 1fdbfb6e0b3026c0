"""Text that came out of a box, made fit for a record and a terminal: it may hold escape codes that move the cursor,
change colours, or turn what is written backwards. Markdown pages have an escaping of their own.
"""

from __future__ import annotations

LONGEST = 500


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text as one printable line, cut with an ellipsis."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
