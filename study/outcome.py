"""What a study keeps of a run: each node's validation and test score; and what follows from that."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple


class Outcome(NamedTuple):
    """One node; scores so that more is better, None where it is broken. `other_test`: on test rows of a second half."""

    step: int
    action: str
    parents: tuple[str, ...]
    validation: float | None
    test: float | None
    other_test: float | None = None


def working(run: Sequence[Outcome], steps: int | None = None) -> list[Outcome]:
    """Return the nodes with a score among the first `steps`, best by validation first, of equal ones the earliest."""
    found = [one for one in run if one.validation is not None and (steps is None or one.step <= steps)]
    return sorted(found, key=lambda one: (-(one.validation or 0.0), one.step))


def chosen(run: Sequence[Outcome], steps: int | None = None, nothing: float = 0.0) -> float:
    """Return the test score of the node that is best by validation; `nothing` where none works."""
    best = working(run, steps)
    return nothing if not best or best[0].test is None else best[0].test


def rescored(run: Sequence[Outcome], top: int, noise: float, seed: int, nothing: float = 0.0) -> float:
    """Return the test score of the best of the `top` nodes by a second, independent validation."""
    rng = random.Random(f"second look/{seed}")  # noqa: S311 - no secret
    few = working(run)[:top]
    looks = [(one.test or 0.0) + rng.gauss(0, noise) for one in few]
    return nothing if not few else few[looks.index(max(looks))].test or 0.0


def oracle(run: Sequence[Outcome], nothing: float = 0.0) -> float:
    """Return the test score of the node that is best by test: what no rule can beat."""
    return max((one.test for one in run if one.test is not None), default=nothing)
