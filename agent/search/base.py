"""What a search policy is: it sees the journal and says what to try next; it runs nothing and asks no model.

A policy must be legal on any journal (empty, all buggy, thousands of nodes), must give the same answer for the same
journal, progress and state of `rng`, must not change the journal, and must not keep state of its own that a resumed run
would lack. `tests/agent/search/` holds every policy to this.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol

from agent.contract import Action
from agent.journal import Journal, Node


@dataclass(frozen=True)
class Progress:
    """How far the run is; recorded with each proposal. Fractions are of the run's own limits.

    `stalled` nodes came since the best one; the last `repeats` nodes only repeated a program.
    """

    step: int
    steps: int
    elapsed_fraction: float
    spent_fraction: float
    stalled: int = 0
    repeats: int = 0

    def as_dict(self) -> dict[str, float]:
        """Return the fields as the proposal event carries them."""
        return asdict(self)


@dataclass(frozen=True)
class Draft:
    """Start a new solution from nothing."""

    action: ClassVar[Action] = "draft"

    @property
    def parents(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True)
class Improve:
    """Change one thing in a working solution."""

    node: Node
    action: ClassVar[Action] = "improve"

    @property
    def parents(self) -> tuple[Node, ...]:
        return (self.node,)


@dataclass(frozen=True)
class Debug:
    """Mend a buggy solution."""

    node: Node
    action: ClassVar[Action] = "debug"

    @property
    def parents(self) -> tuple[Node, ...]:
        return (self.node,)


@dataclass(frozen=True)
class Merge:
    """Make one solution of two working ones; the first lends its approach to validating."""

    nodes: tuple[Node, Node]
    action: ClassVar[Action] = "merge"

    @property
    def parents(self) -> tuple[Node, ...]:
        return self.nodes


@dataclass(frozen=True)
class Ensemble:
    """Blend what working solutions predicted, the best first."""

    nodes: tuple[Node, ...]
    action: ClassVar[Action] = "ensemble"

    @property
    def parents(self) -> tuple[Node, ...]:
        return self.nodes


Decision = Draft | Improve | Debug | Merge | Ensemble


class SearchPolicy(Protocol):
    """Decides the next proposal. See the module's docstring for the contract."""

    def choose(self, journal: Journal, progress: Progress, rng: random.Random) -> Decision:
        """Return what to try next."""
        ...
