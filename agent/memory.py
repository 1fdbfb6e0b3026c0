"""AIDE's summarization operator: what of the tree goes into the next prompt, within a fixed budget.

Good nodes come as blocks (plan, result, score), best first into the budget and then in the order of the run; failed
ideas follow in a line each, so that the next prompt differs after a failure too. Deterministic, no model, no code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.excerpt import cut
from agent.journal import Journal, Node


@dataclass(frozen=True)
class MemoryBudget:
    """Sizes in characters; a token is about four."""

    good_chars: int = 4_800
    failed_chars: int = 1_200
    plan_chars: int = 600
    result_chars: int = 400
    idea_chars: int = 160
    reason_chars: int = 120


def digest(journal: Journal, budget: MemoryBudget = MemoryBudget()) -> str:
    """Return the memory's text; empty when nothing has been tried."""
    good, left_out = _good(journal, budget)
    parts = good + ([f"({left_out} more working solutions scored worse and are left out.)"] if left_out else [])
    failed = _failed(journal, budget)
    if failed:
        parts.append("Did not work:\n" + "\n".join(failed))
    return "\n\n".join(parts)


def _good(journal: Journal, budget: MemoryBudget) -> tuple[list[str], int]:
    """Return the blocks of the best nodes that fit, in the order of the run, and how many did not fit."""
    smallest = 40
    candidates = journal.top(budget.good_chars // smallest)
    kept = _within(((node, _block(node, budget)) for node in candidates), budget.good_chars)
    kept.sort(key=lambda item: item[0].step)
    return [text for _, text in kept], journal.good_count - len(kept)


def _failed(journal: Journal, budget: MemoryBudget) -> list[str]:
    """Return a line for each of the latest failures that fit, in the order of the run."""
    latest_first = reversed(journal.recent_buggy(budget.failed_chars // 10))
    kept = _within(((node, _line(node, budget)) for node in latest_first), budget.failed_chars)
    return [text for _, text in reversed(kept)]


def _within(items: Iterable[tuple[Node, str]], budget_chars: int) -> list[tuple[Node, str]]:
    """Take items while they fit; the first that does not ends it."""
    kept: list[tuple[Node, str]] = []
    for node, text in items:
        budget_chars -= len(text)
        if budget_chars < 0:
            break
        kept.append((node, text))
    return kept


def _block(node: Node, budget: MemoryBudget) -> str:
    lines = [f"Plan: {cut(node.plan, budget.plan_chars)}"]
    if node.analysis:
        lines.append(f"Result: {cut(node.analysis, budget.result_chars)}")
    lines.append(f"Validation score: {node.score:.6g}")
    return "\n".join(lines)


def _line(node: Node, budget: MemoryBudget) -> str:
    idea = cut(node.plan, budget.idea_chars) or "(no plan)"
    why = ". ".join(part for part in (node.why_buggy, node.analysis) if part)
    return f"- {idea} [{cut(why, budget.reason_chars)}]"
