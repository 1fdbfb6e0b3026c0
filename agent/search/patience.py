"""Another policy, until it has got nowhere for too long: then a new beginning, whatever that policy would do.

Nowhere: so many nodes without a better one, or two in a row that only repeated a program. A new beginning gets as many
steps before the next.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from agent.journal import Journal
from agent.search.base import Decision, Draft, Progress, SearchPolicy

MOST_REPEATS = 2


@dataclass(frozen=True)
class Patience:
    """`policy`, with a draft after `nodes` nodes without a better one."""

    policy: SearchPolicy
    nodes: int

    def choose(self, journal: Journal, progress: Progress, rng: random.Random) -> Decision:
        """Return what to try next."""
        decision = self.policy.choose(journal, progress, rng)
        return Draft() if self._is_stuck(journal) else decision

    def _is_stuck(self, journal: Journal) -> bool:
        if journal.repeats >= MOST_REPEATS:
            return not any(pending.action == "draft" for pending in journal.pending)
        return min(journal.stalled, journal.since_draft) >= self.nodes
