"""Where the nodes of a tree lie: columns by depth, rows by branch, so that 20 nodes and 500 can both be read.

The children on the best path come first and go straight on from their parent, so that path is a straight line. Many
leaves of one parent (a hundred drafts that nothing came of) are packed into a block instead of a column of their own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LOOSE_LEAVES = 6  # more of one parent are packed
ROOT: None = None  # what drafts hang on; it has no place of its own


class Place(NamedTuple):
    """A cell of the grid."""

    column: int
    row: int


class Block(NamedTuple):
    """Packed leaves of one parent: a rectangle of cells, top left and bottom right."""

    first: Place
    last: Place
    parent: str | None


@dataclass(frozen=True)
class Layout:
    """Cells of nodes, blocks of packed leaves, and which nodes are in one."""

    places: dict[str, Place] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    packed: set[str] = field(default_factory=set)

    @property
    def columns(self) -> int:
        return 1 + max((place.column for place in self.places.values()), default=0)

    @property
    def rows(self) -> int:
        return 1 + max((place.row for place in self.places.values()), default=0)


def lay_out(first_parents: Mapping[str, str | None], best_path: Collection[str]) -> Layout:
    """Place every node; `first_parents` names parents before their children, roots have None."""
    children: dict[str | None, list[str]] = {}
    for node, parent in first_parents.items():
        children.setdefault(parent, []).append(node)
    kept = frozenset(best_path)
    below = {parent: _pieces(names, children, kept) for parent, names in children.items()}
    outlines: dict[str | None, _Outline] = {}
    offsets: dict[str, int] = {}
    parents: list[str | None] = [*reversed(list(first_parents)), ROOT]
    for parent in parents:  # children before their parents
        outlines[parent] = _joined([_outline(piece, outlines) for piece in below.get(parent, [])], offsets)
    return _placed(below, offsets)


class _Piece(NamedTuple):
    """What is moved as one: a child with all below it, or packed leaves."""

    nodes: tuple[str, ...]
    columns: int


@dataclass
class _Outline:
    """First and last row in each column, from the piece's own row and the column right of its parent's."""

    name: str
    top: dict[int, int]
    bottom: dict[int, int]
    shift: int = 0  # what is added to each column; so an only child costs nothing to wrap


def _pieces(names: list[str], children: Mapping[str | None, list[str]], kept: Collection[str]) -> list[_Piece]:
    """Return one parent's pieces, that of the best path first."""
    inner = [name for name in names if name in children]
    leaves = sorted((name for name in names if name not in children), key=lambda name: name not in kept)
    pieces = [_Piece((name,), 1) for name in inner]
    if len(leaves) > LOOSE_LEAVES:
        pieces.append(_Piece(tuple(leaves), math.ceil(math.sqrt(len(leaves)))))
    else:
        pieces += [_Piece((leaf,), 1) for leaf in leaves]
    return sorted(pieces, key=lambda piece: piece.nodes[0] not in kept)


def _outline(piece: _Piece, outlines: dict[str | None, _Outline]) -> _Outline:
    first = piece.nodes[0]
    if len(piece.nodes) > 1:
        rows = math.ceil(len(piece.nodes) / piece.columns)
        return _Outline(first, dict.fromkeys(range(piece.columns), 0), dict.fromkeys(range(piece.columns), rows - 1))
    found = outlines.pop(first)
    found.name, found.shift = first, found.shift + 1
    found.top[-found.shift] = 0
    found.bottom[-found.shift] = found.bottom.pop(LINE, 0)
    return found


LINE = 1 << 60  # the key under which an outline keeps how far down its root's own line goes


def _joined(pieces: list[_Outline], offsets: dict[str, int]) -> _Outline:
    """Set pieces below each other, as close as they go, noting how far each is below its parent."""
    if not pieces:
        return _Outline("", {}, {})
    whole, *others = pieces
    offsets[whole.name] = line = 0
    for other in others:
        move = other.shift - whole.shift
        room = [
            whole.bottom[column + move] - first + 1
            for column, first in other.top.items()
            if column + move in whole.bottom
        ]
        offset = offsets[other.name] = line = max([line + 1, *room])
        for column, first in other.top.items():
            whole.top.setdefault(column + move, first + offset)
            whole.bottom[column + move] = other.bottom[column] + offset
    whole.bottom[LINE] = line
    return whole


def _placed(below: Mapping[str | None, list[_Piece]], offsets: Mapping[str, int]) -> Layout:
    layout = Layout()
    waiting: list[tuple[str | None, Place]] = [(ROOT, Place(-1, 0))]
    while waiting:
        parent, place = waiting.pop()
        for piece in below.get(parent, []):
            start = Place(place.column + 1, place.row + offsets[piece.nodes[0]])
            cells = [
                Place(start.column + number % piece.columns, start.row + number // piece.columns)
                for number in range(len(piece.nodes))
            ]
            layout.places.update(zip(piece.nodes, cells, strict=True))
            if len(piece.nodes) == 1:
                waiting.append((piece.nodes[0], start))
                continue
            layout.packed.update(piece.nodes)
            layout.blocks.append(Block(start, Place(start.column + piece.columns - 1, cells[-1].row), parent))
    return layout
