"""Monte Carlo tree search without roll-outs: a script's own score takes the place of a playout.

From the root down, the child with the greatest upper confidence bound is followed until there is something to do: below
too few drafts a draft, at a buggy leaf a debug, at a working node with few children an improvement. What a new node was
worth (-1 buggy, +1 valid or mended, +1 more for a new best) counts for every node above it; values are normalised over
the run, and the weight of exploring falls with the steps to a floor. A draft is left alone while a worker is below it.
After ML-Master (arXiv 2506.16499) and AIRA-dojo (arXiv 2507.02554).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

from agent.contract import SearchSettings
from agent.journal import Journal, Node
from agent.search.base import Debug, Decision, Draft, Improve, Progress
from agent.search.greedy import Greedy

ROOT = ""
LATEST_DRAFTS = 100  # more are made only when there is nothing left to do below the earlier ones


@dataclass
class Visits:
    """Visits, sums of rewards and failed improvements of every node; a `View` of the journal.

    `closed` remembers nodes that, with all below them, have nothing left to do until something new comes below them.
    """

    count: dict[str, int] = field(default_factory=dict)
    total: dict[str, float] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    record: float = -math.inf  # the best score so far, greater is better: what was best then, not now
    least: float = math.inf
    most: float = -math.inf
    closed: set[str] = field(default_factory=set)

    def add(self, journal: Journal, node: Node) -> None:
        """Reward a new node and all above it, by first parents."""
        reward = self._reward(journal, node)
        self.least, self.most = min(self.least, reward), max(self.most, reward)
        above: str | None = node.id
        while above is not None:
            self.closed.discard(above)
            self.count[above] = self.count.get(above, 0) + 1
            self.total[above] = self.total.get(above, 0.0) + reward
            parents = journal[above].parents
            above = parents[0] if parents else None
        self.count[ROOT] = self.count.get(ROOT, 0) + 1
        self._note_failure(journal, node)

    def _reward(self, journal: Journal, node: Node) -> float:
        if node.buggy:
            return -1.0
        score = node.score if journal.direction == "maximize" or node.score is None else -node.score
        if score is None or score <= self.record:
            return 1.0
        self.record = score
        return 2.0

    def _note_failure(self, journal: Journal, node: Node) -> None:
        """An improvement that is no better than its parent counts against the parent; a mended one is judged later."""
        if node.action != "improve" or node.buggy or not node.parents:
            return
        parent = journal[node.parents[0]]
        if parent.score is None or node.score is None:
            return
        better = node.score > parent.score if journal.direction == "maximize" else node.score < parent.score
        if not better:
            self.failures[parent.id] = self.failures.get(parent.id, 0) + 1

    def ordered(self, children: Sequence[str], above: str, weight: float, shuffle: int) -> list[str]:
        """Return the finished and open ones of these children, greatest upper bound first, equal ones shuffled."""
        count, total, least = self.count, self.total, self.least
        span = (self.most - least) or 1.0
        visits = math.log(count[above])
        bounds = [
            (
                -((total[child] / count[child] - least) / span + weight * math.sqrt(visits / count[child])),
                crc32(child.encode(), shuffle),
                child,
            )
            for child in children
            if child in count and child not in self.closed
        ]
        bounds.sort()
        return [child for _, _, child in bounds]


@dataclass(frozen=True)
class Mcts:
    """UCT over the tree. `most_children` of a working node; `most_failures` make it terminal."""

    num_drafts: int
    longest_debug_chain: int
    most_children: int = 5
    most_failures: int = 3
    exploration: float = math.sqrt(2)
    least_exploration: float = 0.5
    decay: float = 0.01

    @classmethod
    def from_settings(cls, settings: SearchSettings) -> Mcts:
        """Read the parameters that AIDE has too; broken nodes are always mended."""
        like = Greedy.from_settings(settings)
        return cls(like.num_drafts, like.longest_debug_chain)

    def choose(self, journal: Journal, progress: Progress, rng: random.Random) -> Decision:
        """Return what to try next: a draft where nothing else may be worked on."""
        if journal.drafts < self.num_drafts:
            return Draft()
        visits = journal.view(Visits)
        weight, shuffle = self._exploration(progress), rng.getrandbits(32)
        free = [draft for draft in journal.draft_ids[-LATEST_DRAFTS:] if not journal.is_busy(draft)]
        path = [(ROOT, iter(visits.ordered(free, ROOT, weight, shuffle)))]
        while path:
            above, children = path[-1]
            child = next(children, None)
            if child is None:
                visits.closed.add(above)
                path.pop()
            elif (decision := self._work_on(journal, visits, child)) is not None:
                return decision
            else:
                path.append((child, iter(visits.ordered(journal.children(child), child, weight, shuffle))))
        return Draft()

    def _exploration(self, progress: Progress) -> float:
        """Full until every draft could have been followed twice over or 0.3 of the steps; then falling to a floor."""
        starts = min(self.num_drafts * self.most_children**2, 0.3 * progress.steps)
        return max(self.least_exploration, self.exploration - self.decay * max(0.0, progress.step - starts))

    def _work_on(self, journal: Journal, visits: Visits, node_id: str) -> Decision | None:
        """Return what may be done with this node itself; None to go on below it."""
        node, children = journal[node_id], journal.children(node_id)
        if node.buggy:
            mendable = not children and journal.debug_depth(node_id) < self.longest_debug_chain
            return Debug(node) if mendable else None
        terminal = visits.failures.get(node_id, 0) >= self.most_failures
        return Improve(node) if len(children) < self.most_children and not terminal else None
