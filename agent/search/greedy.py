"""AIDE's greedy policy (arXiv 2502.13138, section 3): draft a few, mend what broke, improve the best.

It has no exploration beyond the first drafts and never looks at progress.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from agent.contract import SearchSettings
from agent.journal import Journal
from agent.search.base import Decision, Draft, Improve, Progress
from agent.search.debugging import maybe_debug


@dataclass(frozen=True)
class Greedy:
    """Draft until `num_drafts`; else with `debug_prob` debug a random buggy leaf; else improve the best node.

    A leaf is debugged only while fewer than `longest_debug_chain` debugs in a row led to it.
    """

    num_drafts: int
    debug_prob: float
    longest_debug_chain: int

    @classmethod
    def from_settings(cls, settings: SearchSettings) -> Greedy:
        """Read the parameters as the published aideml does.

        Its `max_debug_depth` is compared with the depth of the node to be mended, inclusively, so that a chain reaches
        one debug more than the number says: 3 allows four in a row. The presets carry aideml's numbers and mean this.
        """
        return cls(settings.num_drafts, settings.debug_prob, settings.max_debug_depth + 1)

    def choose(self, journal: Journal, progress: Progress, rng: random.Random) -> Decision:
        """Return what to try next; the coin for a debug is thrown on every step after the drafts."""
        if journal.drafts < self.num_drafts:
            return Draft()
        if debug := maybe_debug(journal, self.debug_prob, self.longest_debug_chain, rng):
            return debug
        best = journal.best
        return Draft() if best is None else Improve(best)
