"""Writes a changed script as search/replace blocks, where a prompt takes them and they are shorter than the script."""

from __future__ import annotations

import difflib

_MOST_OF_SCRIPT = 0.6  # longer blocks say no less than the whole script
_MOST_CONTEXT = 12  # lines around a change, to make it the only place


def as_blocks(old: str, new: str) -> str | None:
    """The blocks that turn one script into the other, each of which fits one place; None: write the script whole."""
    lines = old.rstrip("\n").split("\n")
    target = new.rstrip("\n").split("\n")
    matcher = difflib.SequenceMatcher(a=lines, b=target, autojunk=False)
    blocks: list[str] = []
    current = list(lines)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        at = start + len(current) - len(lines)  # what was put in before has moved the rest
        block = _block(current, at, at + end - start, target[new_start:new_end])
        if block is None:
            return None
        search, replacement, place = block
        current[place : place + len(search)] = replacement
        blocks.append("\n".join(["<<<<<<< SEARCH", *search, "=======", *replacement, ">>>>>>> REPLACE"]))
    text = "\n\n".join(blocks)
    return text if blocks and current == target and len(text) <= _MOST_OF_SCRIPT * len(new) else None


def _block(lines: list[str], start: int, end: int, put: list[str]) -> tuple[list[str], list[str], int] | None:
    """Search text, replacement and place of one change, with as much around it as makes it unique."""
    for context in range(_MOST_CONTEXT + 1):
        first, last = max(0, start - context), min(len(lines), end + context)
        search = lines[first:last]
        if any(line.strip() for line in search) and search[0].strip() and search[-1].strip() and _once(lines, search):
            return search, [*lines[first:start], *put, *lines[end:last]], first
    return None


def _once(lines: list[str], search: list[str]) -> bool:
    """Does the text stand in one place only, also when indentation is left aside?"""
    bare, wanted = [line.strip() for line in lines], [line.strip() for line in search]
    return sum(bare[at : at + len(wanted)] == wanted for at in range(len(bare) - len(wanted) + 1)) == 1
