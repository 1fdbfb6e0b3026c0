"""AIDE's own memory: the working solutions, and in a line each what did not work.

Good nodes come as blocks (plan, result, score), best first into the budget and then in the order of the run. The
paper's agent forgets its failures, so that after one it asks the very same question; here they follow in a line each.
"""

from __future__ import annotations

from agent.excerpt import cut
from agent.journal import Journal, Node
from agent.memory.lines import reason
from agent.tokens import within

FAILED_SHARE = 0.2
_PLAN_CHARS = 360
_RESULT_CHARS = 240
_IDEA_CHARS = 160
_SMALLEST_BLOCK = 10  # tokens


def good(journal: Journal, budget: int) -> str:
    """Return the memory's text, of about `budget` tokens at most; empty when nothing has been tried."""
    failed = _failed(journal, int(budget * FAILED_SHARE))
    parts, left_out = _good(journal, budget - int(budget * FAILED_SHARE))
    if left_out:
        parts.append(f"({left_out} more working solutions scored worse and are left out.)")
    if failed:
        parts.append("Did not work:\n" + "\n".join(failed))
    return "\n\n".join(parts)


def _good(journal: Journal, budget: int) -> tuple[list[str], int]:
    """Return the blocks of the best nodes that fit, in the order of the run, and how many did not fit."""
    candidates = journal.top(budget // _SMALLEST_BLOCK)
    kept = sorted(within(((node, _block(node)) for node in candidates), budget), key=lambda item: item[0].step)
    return [text for _, text in kept], journal.good_count - len(kept)


def _failed(journal: Journal, budget: int) -> list[str]:
    """Return a line for each of the latest failures that fit, in the order of the run."""
    latest_first = reversed(journal.recent_buggy(budget // _SMALLEST_BLOCK))
    return [text for _, text in within(((node, _line(node)) for node in latest_first), budget)][::-1]


def _block(node: Node) -> str:
    lines = [f"Plan: {cut(node.plan, _PLAN_CHARS)}"]
    if node.analysis:
        lines.append(f"Result: {cut(node.analysis, _RESULT_CHARS)}")
    lines.append(f"Validation score: {node.score:.6g}")
    return "\n".join(lines)


def _line(node: Node) -> str:
    return f"- {cut(node.plan, _IDEA_CHARS) or '(no plan)'} [{reason(node)}]"
