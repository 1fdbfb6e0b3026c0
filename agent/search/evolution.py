"""Evolution: parents drawn by fitness from a population of the best, improved alone or merged in pairs.

After AIRA-dojo's evolutionary agent (arXiv 2507.02554): chance in proportion to fitness, crossover half of the time
once there is a second generation.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from agent.contract import SearchSettings
from agent.journal import Journal, Node
from agent.search.base import Decision, Draft, Improve, Merge, Progress
from agent.search.debugging import maybe_debug
from agent.search.greedy import Greedy

FLOOR = 0.1  # the least fit still has this chance beside the fittest's 1


@dataclass(frozen=True)
class Evolution:
    """Draft and mend as AIDE does; then mutate one of the population, or cross two."""

    num_drafts: int
    debug_prob: float
    longest_debug_chain: int
    population: int = 20
    crossover_prob: float = 0.5

    @classmethod
    def from_settings(cls, settings: SearchSettings) -> Evolution:
        """Read the parameters that AIDE has too."""
        like = Greedy.from_settings(settings)
        return cls(like.num_drafts, like.debug_prob, like.longest_debug_chain)

    def choose(self, journal: Journal, progress: Progress, rng: random.Random) -> Decision:
        """Return what to try next."""
        if journal.drafts < self.num_drafts:
            return Draft()
        if debug := maybe_debug(journal, self.debug_prob, self.longest_debug_chain, rng):
            return debug
        population = journal.top(self.population)
        if not population:
            return Draft()
        first = _drawn(population, rng)
        second_generation = len(journal) >= 2 * self.num_drafts
        if second_generation and len(population) > 1 and rng.random() < self.crossover_prob:
            return Merge((first, _drawn([node for node in population if node is not first], rng)))
        return Improve(first)


def _drawn(population: Sequence[Node], rng: random.Random) -> Node:
    """Draw a node in proportion to where its score lies between the population's worst and best."""
    scores = [node.score or 0.0 for node in population]
    best, worst = scores[0], scores[-1]  # best first
    span = best - worst
    fitness = [1.0 if span == 0 else FLOOR + (1 - FLOOR) * (score - worst) / span for score in scores]
    return rng.choices(population, fitness)[0]
