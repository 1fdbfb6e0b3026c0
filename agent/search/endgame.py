"""The end game around any policy: in the last part of a run, blend the best nodes, and mend a blend that broke.

A blend costs little time and mostly gains a little; it can only be as good as what was found, so it comes last. What is
blended: first the best solution of each branch, since unlike ones err on different rows, then simply the best three.
One more blend is kept for the last third, where something better was found meanwhile.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from agent.blends import Blends
from agent.journal import Journal, Node
from agent.search.base import Debug, Decision, Ensemble, Progress, SearchPolicy

MOST_NODES = 5
MOST_BLENDS = 3
LONGEST_DEBUG_CHAIN = 3
_POOL = 30  # of the best nodes; the others are not worth blending


@dataclass(frozen=True)
class EndGame:
    """Ask `policy` until the last `share` of steps, time or budget begins; then blend what was not blended yet."""

    policy: SearchPolicy
    share: float

    def choose(self, journal: Journal, progress: Progress, rng: random.Random) -> Decision:
        """Return what to try next."""
        used = max((progress.step - 1) / progress.steps, progress.elapsed_fraction, progress.spent_fraction)
        if used < 1.0 - self.share - 1e-9:
            return self.policy.choose(journal, progress, rng)
        most = MOST_BLENDS if used >= 1.0 - self.share / 3 else MOST_BLENDS - 1
        return _broken_blend(journal) or _new_blend(journal, most) or self.policy.choose(journal, progress, rng)


def _broken_blend(journal: Journal) -> Debug | None:
    for name in journal.view(Blends).sources:
        leaf = journal[name].buggy and not journal.children(name)
        if leaf and journal.debug_depth(name) < LONGEST_DEBUG_CHAIN:
            return Debug(journal[name])
    return None


def _new_blend(journal: Journal, most: int) -> Ensemble | None:
    """Choose nodes that were not blended together yet, two at least; None after `most` blends."""
    blends = journal.view(Blends)
    tried = [*blends.blended, *(frozenset(one.parents) for one in journal.pending if one.action == "ensemble")]
    if len(tried) >= most:
        return None
    top = journal.top(_POOL)
    pool = [node for node in top if node.id not in blends.sources and node.duplicate_of is None]
    for chosen in (_best_of_branches(journal, pool), pool[:3]):
        if len(chosen) > 1 and frozenset(node.id for node in chosen) not in tried:
            return Ensemble(tuple(chosen))
    return None


def _best_of_branches(journal: Journal, pool: list[Node]) -> list[Node]:
    """Return the best of each branch, filled up with the best of the others; the best first."""
    firsts: dict[str, str] = {}
    for node in pool:
        firsts.setdefault(journal.branch(node.id), node.id)
    others = (node.id for node in pool if node.id not in firsts.values())
    chosen = [*firsts.values(), *others][:MOST_NODES]
    return [node for node in pool if node.id in chosen]
