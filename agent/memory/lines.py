"""A node in one line, as every list of attempts has it."""

from __future__ import annotations

from agent.contract import Direction
from agent.excerpt import cut
from agent.journal import Journal, Node

PLAN_CHARS = 180
REASON_CHARS = 140


def line(journal: Journal, node: Node, plan_chars: int = PLAN_CHARS) -> str:
    """Say which attempt it was, how it went against its parent, and what it tried."""
    origin = f" of {' and '.join(node.parents)}" if node.parents else ""
    idea = cut(node.plan, plan_chars) or "(no plan)"
    if node.buggy or node.score is None:
        return f"- {node.id}, {node.action}{origin}, failed: {idea} [{reason(node)}]"
    return f"- {node.id}, {node.action}{origin}, scored {node.score:.6g}{_step(journal, node)}: {idea}"


def reason(node: Node, chars: int = REASON_CHARS) -> str:
    """Say why a node does not count, on one line without brackets, so that it can stand in some."""
    known = ". ".join(part for part in (node.why_buggy, node.analysis) if part)
    return cut(known.replace("[", "(").replace("]", ")"), chars)


def gain(direction: Direction, score: float, before: float) -> float:
    """Return by how much a score is better than another; negative when it is worse."""
    return score - before if direction == "maximize" else before - score


def _step(journal: Journal, node: Node) -> str:
    """Say how a score compares with that of the best parent, where one has a score."""
    scores = [parent.score for parent in (journal[name] for name in node.parents) if parent.score is not None]
    if not scores or node.score is None:
        return ""
    best = max(scores) if journal.direction == "maximize" else min(scores)
    change = gain(journal.direction, node.score, best)
    if change == 0:
        return " (no change)"
    return f" ({abs(change):.3g} {'better' if change > 0 else 'worse'})"
