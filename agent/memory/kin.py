"""The relatives of the node that is worked on: what was tried beside it, and what failed on the way to it.

After AIRA-dojo's scoped memory (arXiv 2507.02554): a draft is told of other drafts, an improvement of the others of the
same solution, a debug of the failures that led to it. Pending proposals are left out: nothing is known of them yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from agent.excerpt import cut
from agent.journal import Journal, Node
from agent.memory.lines import gain, line
from agent.tokens import within

Complexity = Literal["simple", "normal", "complex"]

_ERROR_CHARS = 160


def kin_of(journal: Journal, parent: Node | None) -> list[Node]:
    """Return the finished children of a node, or the finished drafts, in order."""
    ids = journal.draft_ids if parent is None else journal.children(parent.id)
    return [journal[name] for name in ids if name in journal]


def complexity(journal: Journal, parent: Node | None) -> Complexity:
    """Say how ambitious the next child should be: first the simple things, the involved ones when those are done."""
    children = len(kin_of(journal, parent))
    return "simple" if children < 2 else "normal" if children < 4 else "complex"


def siblings(journal: Journal, parent: Node | None, budget: int) -> str:
    """Tell in a line each what was tried from the same parent (without one: the drafts), the latest that fit."""
    latest_first = reversed(kin_of(journal, parent))
    kept = [text for _, text in within(((node, _with_branch(journal, node)) for node in latest_first), budget)]
    left_out = len(kin_of(journal, parent)) - len(kept)
    note = [f"({left_out} earlier ones are left out.)"] if left_out else []
    return "\n".join(note + kept[::-1])


def ancestry(journal: Journal, node: Node, budget: int) -> str:
    """Tell how a broken node came about: the last one that worked, and the failures since, the latest that fit."""
    chain = list(_failing(journal, node))
    origin = chain[-1] if chain else node
    root = [journal[name] for name in origin.parents[:1] if not journal[name].buggy]
    told = [*((failed, _with_error(journal, failed)) for failed in chain), *((one, line(journal, one)) for one in root)]
    kept = [text for _, text in within(told, budget)]
    left_out = len(told) - len(kept)
    note = [f"({left_out} earlier ones are left out.)"] if left_out else []
    return "\n".join(note + kept[::-1])


def _failing(journal: Journal, node: Node) -> Iterator[Node]:
    """Yield the broken nodes that led to this one, the nearest first."""
    while node.parents and (parent := journal[node.parents[0]]).buggy:
        yield parent
        node = parent


def _with_branch(journal: Journal, node: Node) -> str:
    """Add to a draft's line how far its branch got."""
    best = journal.view(BranchBests).best.get(node.id) if not node.parents else None
    grown = f" (its branch reached {best.score:.6g})" if best is not None and best is not node else ""
    return line(journal, node) + grown


def _with_error(journal: Journal, node: Node) -> str:
    """Add the last line that a broken script printed, which mostly names the error."""
    printed = next((text for text in reversed(node.output.splitlines()) if text.strip()), "")
    return line(journal, node) + (f" Its last line: {cut(printed, _ERROR_CHARS)}" if printed else "")


class BranchBests:
    """The best good node below each draft."""

    def __init__(self) -> None:
        self.best: dict[str, Node] = {}

    def add(self, journal: Journal, node: Node) -> None:
        """Take in a node."""
        if node.buggy or node.score is None:
            return
        branch = journal.branch(node.id)
        known = self.best[branch].score if branch in self.best else None
        if known is None or gain(journal.direction, node.score, known) > 0:
            self.best[branch] = node
