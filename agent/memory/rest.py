"""The run so far: every attempt in a line while that fits, and a digest of it after that.

A small tree is told in the order of the run, so that the text only grows at its end. The digest has four parts: the
best solutions, those most unlike them, what failed lately and why, and the settings that were tried. It costs the same
at 50 nodes and at 10,000.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from agent.journal import Journal, Node
from agent.memory.kin import BranchBests
from agent.memory.lines import line
from agent.memory.settings import SettingsTried
from agent.tokens import tokens, within

_LEAST_LINE = 12  # tokens; a line is never shorter
_BEST_PLAN_CHARS = 400
_POOL = 100  # as many of the best nodes, and of the branches' best, are looked through for unlike ones
_SHARES = {"best": 0.35, "unlike": 0.2, "failed": 0.25, "settings": 0.2}
_WORD = re.compile(r"[A-Za-z][A-Za-z-]{2,}")


def rest(journal: Journal, budget: int, without: Collection[Node] = ()) -> str:
    """Return the run's memory, of about `budget` tokens at most; nodes that are told elsewhere are left out."""
    told_elsewhere = {node.id for node in without}
    if (len(journal) - len(told_elsewhere)) * _LEAST_LINE <= budget:
        lines = [line(journal, node) for node in journal if node.id not in told_elsewhere]
        if sum(tokens(text) + 1 for text in lines) <= budget:
            return "\n".join(lines)
    return _digest(journal, budget, told_elsewhere)


def _digest(journal: Journal, budget: int, without: set[str]) -> str:
    pool = [node for node in journal.top(_POOL + len(without)) if node.id not in without][:_POOL]
    branches = [node for node in journal.view(BranchBests).best.values() if node.id not in without][:_POOL]
    wide = list(dict.fromkeys([*pool, *branches]))
    share = {name: int(budget * part) for name, part in _SHARES.items()}
    best = list(within(((node, line(journal, node, _BEST_PLAN_CHARS)) for node in pool[:5]), share["best"]))
    unlike = ((node, line(journal, node)) for node in _unlike(wide, [node for node, _ in best]))
    failed = ((node, line(journal, node)) for node in _failures(journal, without))
    sections = (
        ("Best so far:", [text for _, text in best]),
        ("Least like these, of those that worked:", [text for _, text in within(unlike, share["unlike"])]),
        ("Did not work:", [text for _, text in within(failed, share["failed"])]),
        ("Settings and the best score with each value:", journal.view(SettingsTried).told(share["settings"])),
    )
    head = f"{len(journal)} attempts so far, {journal.good_count} of them worked."
    return "\n\n".join([head, *("\n".join([title, *lines]) for title, lines in sections if lines)])


def _unlike(pool: list[Node], chosen: list[Node]) -> Iterator[Node]:
    """Yield nodes by how few words of their plans they share with any that was chosen before; of equals the best."""
    words = {node.id: _words(node) for node in pool}
    taken = list(chosen)
    left = [node for node in pool if node not in taken]
    while left and taken:
        farthest = max(left, key=lambda node: min(_distance(words[node.id], words[one.id]) for one in taken))
        yield farthest
        taken.append(farthest)
        left.remove(farthest)


def _words(node: Node) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(node.plan))


def _distance(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's distance: 0 for the same words, 1 for none in common."""
    union = len(one | other)
    return 1.0 - len(one & other) / union if union else 0.0


def _failures(journal: Journal, without: set[str]) -> Iterable[Node]:
    """Yield the latest failures, each reason once before any comes again."""
    latest = [node for node in reversed(journal.recent_buggy(_POOL)) if node.id not in without]
    seen: set[str] = set()
    repeated: list[Node] = []
    for node in latest:
        key = (node.why_buggy or "") + node.analysis[:60]
        if key in seen:
            repeated.append(node)
            continue
        seen.add(key)
        yield node
    yield from repeated
