"""A candidate's code for a page: coloured, and against its parent's. Yields plain pieces of text; pages escape them.

Both are bounded: what an agent may write is larger than what colouring or comparing it takes in a moment.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from harness.view.text import readable

COLOURED_CHARACTERS = 120_000
COMPARED_LINES = 3_000
AROUND = 3  # unchanged lines that are shown beside a change


class Piece(NamedTuple):
    """Some characters of one line, and what they are: a letter of `KINDS`, or nothing."""

    kind: str
    text: str


class DiffLine(NamedTuple):
    """A line of a comparison: `same`, `old`, `new`, or `gap` for those left out; numbers as in each file."""

    kind: str
    old: int | None
    new: int | None
    text: str


class Diff(NamedTuple):
    """What changed; `lines` is None where the texts are too large to be compared."""

    added: int
    removed: int
    lines: list[DiffLine] | None


@lru_cache(maxsize=64)
def coloured(code: str) -> list[list[Piece]]:
    """The code's lines in pieces."""
    code = readable(code)
    if len(code) > COLOURED_CHARACTERS:
        return [[Piece("", line)] for line in code.split("\n")]
    from pygments.lexers.python import PythonLexer

    lines: list[list[Piece]] = [[]]
    for token, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(code):
        first, *others = text.split("\n")
        _add(lines[-1], _kind(token), first)
        for part in others:
            lines.append([])
            _add(lines[-1], _kind(token), part)
    return lines


def _add(line: list[Piece], kind: str, text: str) -> None:
    """Add to a line; what looks alike is one piece."""
    if line and line[-1].kind == kind:
        line[-1] = Piece(kind, line[-1].text + text)
    elif text:
        line.append(Piece(kind, text))


def compared(old: str, new: str) -> Diff:
    """The change from one code to another, line by line."""
    a, b = readable(old).split("\n"), readable(new).split("\n")
    if max(len(a), len(b)) > COMPARED_LINES:
        return Diff(0, 0, None)
    lines = list(_changes(a, b))
    counted = [line.kind for line in lines]
    return Diff(counted.count("new"), counted.count("old"), lines)


def _changes(a: Sequence[str], b: Sequence[str]) -> Iterator[DiffLine]:
    last = 0
    for group in difflib.SequenceMatcher(None, a, b).get_grouped_opcodes(AROUND):
        if group[0][1] > last:
            yield DiffLine("gap", None, None, f"{group[0][1] - last} unchanged lines")
        for what, i1, i2, j1, j2 in group:
            if what == "equal":
                for offset in range(i2 - i1):
                    yield DiffLine("same", i1 + offset + 1, j1 + offset + 1, a[i1 + offset])
            else:
                yield from (DiffLine("old", at + 1, None, a[at]) for at in range(i1, i2))
                yield from (DiffLine("new", None, at + 1, b[at]) for at in range(j1, j2))
        last = group[-1][2]
    if last < len(a):
        yield DiffLine("gap", None, None, f"{len(a) - last} unchanged lines")


KINDS = (
    ("Token.Keyword", "k"),
    ("Token.Operator.Word", "k"),
    ("Token.Literal.String", "s"),
    ("Token.Comment", "c"),
    ("Token.Literal.Number", "n"),
    ("Token.Name.Function", "f"),
    ("Token.Name.Class", "f"),
    ("Token.Name.Decorator", "f"),
    ("Token.Name.Builtin", "b"),
)


@cache
def _kind(token: object) -> str:
    return next((kind for start, kind in KINDS if str(token).startswith(start)), "")
