"""Journals made by hand, for tests of what reads them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from agent.contract import Action, Direction
from agent.journal import Journal, Node


def node(
    number: int,
    score: float | None = None,
    parent: int | None = None,
    action: Action | None = None,
    plan: str | None = None,
    analysis: str = "",
    why_buggy: str | None = None,
    duplicate_of: str | None = None,
) -> Node:
    """A node whose id is its number: buggy without a score, a draft without a parent, else an improvement."""
    buggy = score is None
    return Node(
        id=node_id(number),
        step=number,
        action=action or ("draft" if parent is None else "improve"),
        parents=() if parent is None else (node_id(parent),),
        plan=f"Plan {number}." if plan is None else plan,
        code=f"print({number})\n",
        outcome="failed" if buggy else "ok",
        output="",
        score=score,
        buggy=buggy,
        why_buggy=(why_buggy or "outcome: failed") if buggy else None,
        analysis=analysis,
        duplicate_of=duplicate_of,
    )


def node_id(number: int) -> str:
    return f"n{number:04d}"


def journal_of(*nodes: Node, direction: Direction = "maximize") -> Journal:
    journal = Journal(direction)
    for one in nodes:
        journal.append(one)
    return journal


def grown(size: int, buggy_share: float, seed: int = 0, direction: Direction = "maximize") -> Journal:
    """A tree as a search might leave it: drafts, debugs of buggy leaves, improvements of good nodes."""
    return journal_of(*_nodes(size, buggy_share, random.Random(seed)), direction=direction)


def _nodes(size: int, buggy_share: float, rng: random.Random) -> Iterator[Node]:
    good: list[int] = []
    leaves: list[int] = []
    for number in range(1, size + 1):
        kind = rng.random()
        parent: int | None = None
        action: Action = "draft"
        if leaves and kind < 0.4:
            parent, action = leaves.pop(rng.randrange(len(leaves))), "debug"
        elif good and kind < 0.9:
            parent, action = rng.choice(good), "improve"
        score = None if rng.random() < buggy_share else round(rng.random(), 3)
        (leaves if score is None else good).append(number)
        yield node(number, score, parent, action)
