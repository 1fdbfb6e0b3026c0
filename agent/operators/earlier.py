"""What a prompt says of earlier solutions' predictions: which files there are, how long, and how they begin."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from agent.excerpt import cut
from agent.operators.base import Situation

_PLAN_CHARS = 300
_HEAD_LINES = 3
_MOST_PROGRAMS = 3
_LINE_CHARS = 200
_READ_BYTES = 1 << 20
_COUNTED_BYTES = 256 << 20


class File(TypedDict):
    """One file as a prompt shows it."""

    name: str
    lines: str
    head: str


class Solution(TypedDict):
    """One earlier solution as a prompt shows it; `code` is empty where its predictions are enough."""

    id: str
    score: float | None
    plan: str
    code: str
    files: list[File]


def earlier_values(situation: Situation) -> list[Solution]:
    """Return what the script may read of other nodes; nothing for scripts that build on none.

    Where fewer than two have predictions to weigh, the first programs are there too, to be fitted once more.
    """
    weighable = sum(kept.out_of_fold for kept in situation.earlier) > 1
    return [
        Solution(
            id=kept.node.id,
            score=kept.node.score,
            plan=cut(kept.node.plan, _PLAN_CHARS),
            code="" if weighable or place >= _MOST_PROGRAMS else kept.node.code,
            files=[_file(name, path) for name, path in kept.files.items()],
        )
        for place, kept in enumerate(situation.earlier)
    ]


def _file(name: str, path: Path) -> File:
    """Describe a file that a candidate wrote; what it holds is foreign text."""
    count, read, head = 0, 0, b""
    with path.open("rb") as source:
        while read < _COUNTED_BYTES and (block := source.read(_READ_BYTES)):
            head = head or block[: 2 * _HEAD_LINES * _LINE_CHARS]
            count += block.count(b"\n")
            read += len(block)
    about = "" if read < _COUNTED_BYTES else "more than "
    first = head.decode("utf-8", "replace").splitlines()[:_HEAD_LINES]
    return File(name=name, lines=f"{about}{count}", head="\n".join(cut(line, _LINE_CHARS) for line in first))
