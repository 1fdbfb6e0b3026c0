"""Shortens text that others wrote, for prompts and events."""

from __future__ import annotations

HEAD_CHARS = 1_000
TAIL_CHARS = 3_000


def excerpt(text: str, head: int = HEAD_CHARS, tail: int = TAIL_CHARS) -> str:
    """Keep the first and last characters; the end of an output, with the error or the score, gets more room."""
    if len(text) <= head + tail:
        return text
    note = f"\n… {len(text) - head - tail} characters left out …\n"
    return text[:head] + note + text[-tail:]


def cut(text: str, chars: int) -> str:
    """Put text on one line of at most `chars` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= chars else flat[: chars - 1].rstrip() + "…"


def shown(text: str, chars: int) -> str:
    """Make a name or a cell harmless: one line, no control characters, no backticks, cut at `chars` characters."""
    short = text if len(text) <= chars else text[: chars - 1] + "…"
    return "".join(_harmless(character) for character in short)


def _harmless(character: str) -> str:
    if character == "`":
        return "'"
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
