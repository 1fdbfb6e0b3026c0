"""Best of n: independent drafts, mended where that is allowed, never improved.

The baseline that any search has to beat with the same number of steps.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from agent.contract import SearchSettings
from agent.journal import Journal
from agent.search.base import Decision, Draft, Progress
from agent.search.debugging import maybe_debug
from agent.search.greedy import Greedy


@dataclass(frozen=True)
class BestOfN:
    """With `debug_prob` mend a random buggy leaf, else draft."""

    debug_prob: float
    longest_debug_chain: int

    @classmethod
    def from_settings(cls, settings: SearchSettings) -> BestOfN:
        """Read the debugging parameters as the greedy policy does."""
        like = Greedy.from_settings(settings)
        return cls(like.debug_prob, like.longest_debug_chain)

    def choose(self, journal: Journal, progress: Progress, rng: random.Random) -> Decision:
        """Return what to try next."""
        return maybe_debug(journal, self.debug_prob, self.longest_debug_chain, rng) or Draft()
