"""Search/replace blocks: a change to a script that is written as what to find and what to put in its place.

A block must fit exactly one place. It is looked for as it stands, then with blanks at line ends left aside, then with
blank lines left aside and the indentation shifted as a whole, since models often get these wrong. A text that fits
several places is refused, and so is a block that fits none. The problem is told in words that help a model to write the
block again.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.excerpt import cut

_SEARCH = re.compile(r"^\s*<{5,9} ?SEARCH\s*$")
_DIVIDER = re.compile(r"^\s*={5,9}\s*$")
_REPLACE = re.compile(r"^\s*>{5,9} ?REPLACE\s*$")
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})[\w+.-]*\s*$")
_SHOWN_CHARS = 160

Place = tuple[int, int, int]  # first line, line after the last, columns by which the script's text is further right


@dataclass(frozen=True)
class Edit:
    """One block. An empty `replace` deletes what was found."""

    search: tuple[str, ...]
    replace: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The blocks of a reply, the prose around them, and what is wrong with their form."""

    edits: tuple[Edit, ...]
    prose: str
    problem: str | None = None


@dataclass(frozen=True)
class Edited:
    """A script after its edits; `problem` says which block did not fit, and then the code is as it was before it."""

    code: str
    problem: str | None = None


def find_edits(text: str) -> Found:
    """Read the blocks of a reply, in or outside code fences; no block at all is no problem."""
    edits: list[Edit] = []
    prose: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        if not _SEARCH.match(line):
            prose.append(line)
            continue
        search = _until(lines, _DIVIDER)
        if search is None:
            return Found(tuple(edits), _prose(prose), _malformed(len(edits) + 1, "no line `=======`"))
        replace = _until(lines, _REPLACE)
        if replace is None:
            return Found(tuple(edits), _prose(prose), _malformed(len(edits) + 1, "no line `>>>>>>> REPLACE`"))
        edits.append(Edit(tuple(search), tuple(replace)))
    return Found(tuple(edits), _prose(prose))


def apply_edits(code: str, edits: tuple[Edit, ...]) -> Edited:
    """Apply blocks one after the other; the first that does not fit ends it."""
    lines = code.rstrip("\n").split("\n")
    for number, edit in enumerate(edits, 1):
        placed = _placed(lines, edit)
        if isinstance(placed, str):
            return Edited(code, f"search/replace block {number} of {len(edits)} {placed}")
        lines = placed
    changed = "\n".join(lines) + "\n"
    if changed.rstrip("\n") == code.rstrip("\n"):
        return Edited(code, "the search/replace blocks change nothing")
    return Edited(changed)


def _until(lines: Iterator[str], end: re.Pattern[str]) -> list[str] | None:
    """Take lines up to one that ends a part; None where none does."""
    taken: list[str] = []
    for line in lines:
        if end.match(line):
            return taken
        taken.append(line)
    return None


def _malformed(number: int, lacking: str) -> str:
    return f"search/replace block {number} has {lacking}; each block ends with one"


def _prose(lines: list[str]) -> str:
    """Return the text around the blocks, without the fences that held them."""
    return "\n".join(line for line in lines if not _FENCE.match(line)).strip()


def _placed(lines: list[str], edit: Edit) -> list[str] | str:
    """Return the lines with the edit made, or what is wrong with it."""
    search = _without_blank_ends(edit.search)
    if not search:
        return "has an empty search part; copy there the lines that are to be replaced, or those beside a new one"
    for places in (_exact(lines, search), _trimmed(lines, search), _shifted(lines, search)):
        if len(places) > 1:
            numbers = ", ".join(str(start + 1) for start, _, _ in places[:5])
            return f"fits {len(places)} places (lines {numbers}); put more of the lines around it into its search part"
        if places:
            ((start, end, shift),) = places
            return lines[:start] + _reindented(list(edit.replace), shift) + lines[end:]
    return f"fits nowhere: no line sequence of the script is{_nearest(lines, search)}; copy the lines exactly"


def _exact(lines: list[str], search: list[str]) -> list[Place]:
    ends = range(len(search), len(lines) + 1)
    return [(end - len(search), end, 0) for end in ends if lines[end - len(search) : end] == search]


def _trimmed(lines: list[str], search: list[str]) -> list[Place]:
    """Leave blanks at line ends aside."""
    return _exact([line.rstrip() for line in lines], [line.rstrip() for line in search])


def _shifted(lines: list[str], search: list[str]) -> list[Place]:
    """Leave blank lines aside, and an indentation that is off by the same everywhere."""
    wanted = [line for line in search if line.strip()]
    full = [number for number, line in enumerate(lines) if line.strip()]
    places: list[Place] = []
    for first in range(len(full) - len(wanted) + 1):
        found = [lines[number] for number in full[first : first + len(wanted)]]
        if [line.strip() for line in found] == [line.strip() for line in wanted]:
            shifts = {_indent(line) - _indent(other) for line, other in zip(found, wanted, strict=True)}
            if len(shifts) == 1:
                places.append((full[first], full[first + len(wanted) - 1] + 1, shifts.pop()))
    return places


def _without_blank_ends(lines: tuple[str, ...]) -> list[str]:
    kept = list(lines)
    while kept and not kept[0].strip():
        kept.pop(0)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _reindented(lines: list[str], shift: int) -> list[str]:
    if shift == 0:
        return lines
    if shift > 0:
        return [" " * shift + line if line.strip() else line for line in lines]
    return [line[min(-shift, _indent(line)) :] for line in lines]


def _nearest(lines: list[str], search: list[str]) -> str:
    """Quote the search text's first line, and the line of the script that is nearest to it."""
    wanted = next(line for line in search if line.strip())
    near = difflib.get_close_matches(wanted.strip(), [line.strip() for line in lines if line.strip()], 1, 0.6)
    quoted = f" `{cut(wanted, _SHOWN_CHARS)}`" + (" …" if len(search) > 1 else "")
    return quoted + (f" (the nearest line is `{cut(near[0], _SHOWN_CHARS)}`)" if near else "")
