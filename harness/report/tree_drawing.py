"""A tree as shapes on a plane, before they become SVG or PNG: what has which place, form and colour.

Colour is the score (darker is better, between the 5th and the 95th percentile, so that one absurd score hides nothing),
form the stage, an open cross a buggy node, orange the way to the chosen one. What agents wrote is one printable line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from harness.report.svg import LARGEST, short
from harness.report.tree_layout import Layout, Place, lay_out
from harness.results.tree import Tree, TreeNode
from harness.untrusted import one_line

Form = Literal["circle", "square", "triangle", "diamond", "hexagon"]
FORMS: dict[str, Form] = {
    "draft": "circle",
    "improve": "square",
    "debug": "triangle",
    "merge": "diamond",
    "ensemble": "hexagon",
}
PALETTE = ((214, 228, 241), (143, 184, 222), (74, 134, 197), (31, 90, 158), (11, 47, 94))
INK, PALE, BEST, BUGGY, PAPER = "#22303c", "#9aa7b2", "#d9480f", "#a33a3a", "#ffffff"
MARGIN, HEAD = 24.0, 96.0
LONGEST_TITLE = 300


class Line(NamedTuple):
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float
    dashed: bool = False


class Box(NamedTuple):
    """A pale rectangle behind packed leaves."""

    x: float
    y: float
    width: float
    height: float


class Mark(NamedTuple):
    """A node; `cross` for a buggy one, `title` is shown when pointed at."""

    x: float
    y: float
    size: float
    form: Form
    fill: str
    edge: str
    edge_width: float
    cross: bool
    title: str


class Text(NamedTuple):
    """One line of text; `anchor` says which end x means."""

    x: float
    y: float
    text: str
    size: float
    colour: str = INK
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


Shape = Line | Box | Mark | Text


@dataclass(frozen=True)
class Drawing:
    """Everything to be drawn, in order, on a white page of this size."""

    width: float
    height: float
    label: str
    shapes: tuple[Shape, ...]


class _Sizes(NamedTuple):
    across: float
    down: float
    mark: float
    labels: bool


def draw(tree: Tree) -> Drawing:
    """Draw a tree."""
    layout = lay_out(tree.first_parents(), tree.best_path)
    sizes = _sizes(len(tree.nodes))
    plan = _Plan(tree, layout, sizes, _Shades.of(tree))
    width = max(640.0, 2 * MARGIN + layout.columns * sizes.across + (40 if sizes.labels else 0))
    height = HEAD + MARGIN + layout.rows * sizes.down
    label = one_line(f"Search tree of {tree.run_id}: {len(tree.nodes)} nodes")
    return Drawing(width, height, label, tuple(plan.shapes(width)))


def _sizes(nodes: int) -> _Sizes:
    if nodes <= 40:
        return _Sizes(86, 40, 10, labels=True)
    return _Sizes(54, 26, 7, labels=False) if nodes <= 150 else _Sizes(28, 17, 5, labels=False)


@dataclass(frozen=True)
class _Shades:
    """Colours of scores between two that count as worst and best."""

    worst: float
    best: float

    @classmethod
    def of(cls, tree: Tree) -> _Shades:
        scores = sorted(_bounded(node.score) for node in tree.nodes if node.score is not None and not node.buggy)
        if not scores:
            return cls(0.0, 0.0)
        low, high = (scores[min(len(scores) - 1, int(share * len(scores)))] for share in (0.05, 0.95))
        return cls(low, high) if tree.direction == "maximize" else cls(high, low)

    def colour(self, score: float) -> str:
        span = self.best - self.worst
        return self.at(1.0 if span == 0 else (_bounded(score) - self.worst) / span)

    @staticmethod
    def at(share: float) -> str:
        """Return the palette's colour at a share from 0, worst, to 1, best."""
        place = min(max(share, 0.0), 1.0) * (len(PALETTE) - 1)
        first = min(int(place), len(PALETTE) - 2)
        mixed = (a + (b - a) * (place - first) for a, b in zip(PALETTE[first], PALETTE[first + 1], strict=True))
        return "#" + "".join(f"{round(part):02x}" for part in mixed)


def _bounded(score: float) -> float:
    return min(max(score, -LARGEST), LARGEST)


@dataclass(frozen=True)
class _Plan:
    tree: Tree
    layout: Layout
    sizes: _Sizes
    shades: _Shades

    def shapes(self, width: float) -> Iterator[Shape]:
        """Yield what is drawn, from back to front."""
        yield from self._heading(width)
        for block in self.layout.blocks:
            (x, y), (right, low), room = self._at(block.first), self._at(block.last), self.sizes.mark + 4
            yield Box(x - room, y - room, right - x + 2 * room, low - y + 2 * room)
            if block.parent is not None:
                yield self._elbow(self._at(self.layout.places[block.parent]), (x - room, y), on_path=False)
        above, path = self.tree.first_parents(), set(self.tree.best_path)
        for node in sorted(self.tree.nodes, key=lambda node: node.node in path):
            yield from self._edges(node, above[node.node], node.node in path)
        for node in self.tree.nodes:
            yield from self._node(node, node.node in path)

    def _at(self, place: Place) -> tuple[float, float]:
        return MARGIN + (place.column + 0.5) * self.sizes.across, HEAD + (place.row + 0.5) * self.sizes.down

    def _edges(self, node: TreeNode, parent: str | None, on_path: bool) -> Iterator[Shape]:
        here = self._at(self.layout.places[node.node])
        if parent is not None and (on_path or node.node not in self.layout.packed):
            yield self._elbow(self._at(self.layout.places[parent]), here, on_path=on_path)
        for other in node.parents:  # of a merge or an ensemble
            if other != parent and other != node.node and other in self.layout.places:
                yield Line((self._at(self.layout.places[other]), here), PALE, 1.0, dashed=True)

    @staticmethod
    def _elbow(start: tuple[float, float], end: tuple[float, float], *, on_path: bool) -> Line:
        middle = (start[0] + end[0]) / 2
        points = (start, end) if start[1] == end[1] else (start, (middle, start[1]), (middle, end[1]), end)
        return Line(points, BEST if on_path else PALE, 3.0 if on_path else 1.2)

    def _node(self, node: TreeNode, on_path: bool) -> Iterator[Shape]:
        x, y = self._at(self.layout.places[node.node])
        good = node.score is not None and not node.buggy
        fill = self.shades.colour(node.score) if good and node.score is not None else PAPER
        chosen = node.node == self.tree.chosen
        edge = BEST if on_path else (INK if good else BUGGY)
        size = self.sizes.mark * (1.25 if chosen else 1.0)
        form = FORMS.get(node.action, "circle")
        yield Mark(x, y, size, form, fill, edge, 3.0 if chosen else 1.2, not good, _title(node))
        if (self.sizes.labels or chosen) and good and node.score is not None:
            yield Text(x + size + 4, y - 5, short(node.score), 11, BEST if chosen else INK, bold=chosen)

    def _heading(self, width: float) -> Iterator[Shape]:
        tree = self.tree
        name = one_line(f"{tree.group}/{tree.run_id}", int(width / 9))
        yield Text(MARGIN, 26, name, 15, bold=True)
        buggy = sum(node.buggy for node in tree.nodes)
        score = next((node.score for node in tree.nodes if node.node == tree.chosen), None)
        words = f"{len(tree.nodes)} nodes, {buggy} buggy; {one_line(tree.metric, 40)}, {_better(tree)} is better"
        chosen = f"; chosen {tree.chosen}: {short(score)}" if score is not None else "; nothing chosen"
        yield Text(MARGIN, 45, words + chosen, 12)
        x = MARGIN + 6
        for action in [action for action in FORMS if any(node.action == action for node in tree.nodes)]:
            yield Mark(x, 68, 6, FORMS[action], self.shades.at(0.5), INK, 1.2, False, action)
            yield Text(x + 11, 72, action, 11)
            x += 26 + 6.5 * len(action)
        yield Mark(x, 68, 6, "circle", PAPER, BUGGY, 1.2, True, "buggy")
        yield Text(x + 11, 72, "buggy", 11)
        x += 60
        if self.shades.worst != self.shades.best:
            yield from self._scale(x)

    def _scale(self, x: float) -> Iterator[Shape]:
        low, high = short(self.shades.worst), short(self.shades.best)
        start = x + 6.5 * len(low) + 4
        yield Text(x, 72, low, 11)
        for step in range(20):
            colour = self.shades.at(step / 19)
            yield Line(((start + 4 * step, 68), (start + 4 * step + 4, 68)), colour, 11)
        yield Text(start + 86, 72, high, 11)


def _better(tree: Tree) -> str:
    return "higher" if tree.direction == "maximize" else "lower"


def _title(node: TreeNode) -> str:
    """Return what pointing at a node tells."""
    score = "no score" if node.score is None else f"validation {short(node.score)}"
    test = "" if node.test_score is None else f", test {short(node.test_score)}"
    words = f"{node.node}, step {node.step}, {node.action}: {score}{test}"
    why = node.why_buggy if node.buggy else node.plan
    flags = f" [{', '.join(node.flags)}]" if node.flags else ""
    return one_line(f"{words}{flags}. {why or ''}", LONGEST_TITLE)
