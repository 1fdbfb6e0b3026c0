"""AIDE's rule for broken leaves, which every policy that throws a coin for them shares."""

from __future__ import annotations

import random

from agent.journal import Journal
from agent.search.base import Debug


def maybe_debug(journal: Journal, debug_prob: float, longest_chain: int, rng: random.Random) -> Debug | None:
    """With `debug_prob` choose a random buggy leaf that fewer than `longest_chain` debugs in a row led to, if any."""
    if rng.random() < debug_prob:
        broken = journal.buggy_leaves(longest_chain)
        if broken:
            return Debug(rng.choice(broken))
    return None
