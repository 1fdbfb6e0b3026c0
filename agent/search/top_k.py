"""Explore until half of the run is over, then work on the best few, the better the more often.

While exploring, every branch (a draft with all that came of it) has the same chance; afterwards the best few nodes are
drawn with weight 1/rank, only some of one branch, so that late effort goes where it pays without resting on one lucky
score. After MLEvolve's switch by time (arXiv 2606.06473), without its transition.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from agent.contract import SearchSettings
from agent.journal import Journal, Node
from agent.search.base import Decision, Draft, Improve, Progress
from agent.search.debugging import maybe_debug
from agent.search.greedy import Greedy

LOOKED_AT = 200  # of the best nodes, for the best of each branch: the rest matters to nobody


@dataclass(frozen=True)
class TopK:
    """Draft and mend as AIDE does; improve any branch's best, later one of the best."""

    num_drafts: int
    debug_prob: float
    longest_debug_chain: int
    explore_fraction: float = 0.5
    top: int = 5
    per_branch: int = 3

    @classmethod
    def from_settings(cls, settings: SearchSettings) -> TopK:
        """Read the parameters that AIDE has too."""
        like = Greedy.from_settings(settings)
        return cls(like.num_drafts, like.debug_prob, like.longest_debug_chain)

    def choose(self, journal: Journal, progress: Progress, rng: random.Random) -> Decision:
        """Return what to try next."""
        if journal.drafts < self.num_drafts:
            return Draft()
        if debug := maybe_debug(journal, self.debug_prob, self.longest_debug_chain, rng):
            return debug
        if journal.best is None:
            return Draft()
        over = max(progress.elapsed_fraction, progress.spent_fraction, (progress.step - 1) / progress.steps)
        if over < self.explore_fraction:
            return Improve(rng.choice(_best_of_branches(journal)))
        chosen = self._best_few(journal)
        return Improve(rng.choices(chosen, [1 / rank for rank in range(1, len(chosen) + 1)])[0])

    def _best_few(self, journal: Journal) -> list[Node]:
        """Return the best nodes, at most `per_branch` of one branch."""
        taken: dict[str, int] = {}
        chosen = []
        for node in journal.top(LOOKED_AT):
            branch = journal.branch(node.id)
            taken[branch] = taken.get(branch, 0) + 1
            if taken[branch] <= self.per_branch:
                chosen.append(node)
            if len(chosen) == self.top:
                break
        return chosen


def _best_of_branches(journal: Journal) -> list[Node]:
    """Return the best node of each branch that has one among the best, best first."""
    first: dict[str, Node] = {}
    for node in journal.top(LOOKED_AT // 2):
        first.setdefault(journal.branch(node.id), node)
    return list(first.values())
