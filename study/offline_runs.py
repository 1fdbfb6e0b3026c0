"""The offline part: some strategies on the bundled data, a job for each competition and seed."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from study import outcome
from study.cells import ROOT, Cells, Job, Key, run_all
from study.figures import Estimate, averaged, difference, estimate
from study.outcome import Outcome
from study.simulation import LOOP
from study.strategies import AIDE, STRATEGIES, WITH_PROMPTS, Strategy

NAMES = (
    AIDE.name,
    "greedy, 3 drafts",
    "greedy, deep debug",
    "mcts, deep debug",
    "evolution, deep debug",
    "top-k, deep debug",
)
POLICIES = tuple(strategy for strategy in STRATEGIES if strategy.name in NAMES)
COMPARED = (*POLICIES, *WITH_PROMPTS)
SMALL_SCALE = 1e-9
CODE = ("study/offline.py", "agent/prompts", "harness/gateway/providers/offline", *LOOP)


@dataclass(frozen=True)
class Plan:
    """How much is run. `real` is a folder with spaceship-titanic's raw data, if there is one."""

    seeds: int = 20
    steps: int = 12
    real: Path | None = None


QUICK = Plan(seeds=2, steps=6)


def jobs(plan: Plan, competitions: Sequence[str], home: Path) -> Iterator[tuple[Sequence[Key], Job]]:
    """Yield a job for each competition and seed: its strategies share scripts."""
    for some in (POLICIES, WITH_PROMPTS):
        for seed in range(plan.seeds):  # one after the other, so that what is there at any time is balanced
            for name in competitions:
                keys = [key(name, strategy, plan.steps, seed) for strategy in some]
                yield keys, functools.partial(carry_out, some, name, plan.steps, seed, home, plan.real)


def key(competition: str, strategy: Strategy, steps: int, seed: int) -> Key:
    """Return the name of a cell."""
    return (competition, strategy.tag, steps, seed)


def carry_out(
    some: Sequence[Strategy], competition: str, steps: int, seed: int, home: Path, real: Path | None
) -> list[tuple[Key, list[Outcome]]]:
    """Run some strategies on one split."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"  # before numpy: the other CPU has a job of its own
    from harness.specs import competition as competitions
    from study import offline

    ground = offline.Ground.of(competitions.load(competition, ROOT / "competitions"), seed, home / "data", real)
    return [
        (key(competition, strategy, steps, seed), offline.run(ground, strategy, steps, seed, home / "scripts"))
        for strategy in some
    ]


Read = Callable[[Sequence[Outcome]], float | None]


@dataclass(frozen=True)
class Found:
    """The runs, and what is read of them; test scores are of the part of the held-out rows that chooses nothing."""

    cells: Cells
    plan: Plan
    competitions: tuple[str, ...]
    home: Path

    def run(self, say: Callable[[str], None]) -> None:
        run_all(self.cells, jobs(self.plan, self.competitions, self.home), say)

    def values(self, competition: str, strategy: Strategy, read: Read) -> dict[int, float]:
        """Return a figure of each seed's run, where it has one."""
        found = {}
        for seed in range(self.plan.seeds):
            run = self.cells.runs.get(key(competition, strategy, self.plan.steps, seed))
            value = None if run is None else read(run)
            if value is not None:
                found[seed] = value
        return found

    def scaled(self, competition: str, strategy: Strategy, read: Read) -> dict[int, float]:
        """Return the figure in units of the spread of AIDE's final scores over seeds, less its mean."""
        import numpy as np

        base = list(self.values(competition, AIDE, final).values())
        spread = max(float(np.std(base)), SMALL_SCALE)
        values = self.values(competition, strategy, read)
        return {seed: (value - float(np.mean(base))) / spread for seed, value in values.items()}

    def against_aide(self, competition: str, strategy: Strategy, read: Read) -> Estimate:
        return difference(self.values(competition, strategy, read), self.values(competition, AIDE, final))

    def overall(self, strategy: Strategy, read: Read) -> Estimate:
        """Return the difference to AIDE over all competitions, in units of each one's spread."""
        mine = averaged([self.scaled(name, strategy, read) for name in self.competitions])
        return difference(mine, averaged([self.scaled(name, AIDE, final) for name in self.competitions]))

    def curve(self, competition: str, strategy: Strategy) -> dict[int, Estimate]:
        """Return the score of what would be handed in after each step, from where every seed has something."""
        found = {}
        for step in range(1, self.plan.steps + 1):
            values = self.values(competition, strategy, functools.partial(final, steps=step))
            if 1 < len(values) == len(self.values(competition, strategy, final)):
                found[step] = estimate(list(values.values()))
        return found


def final(run: Sequence[Outcome], steps: int | None = None) -> float | None:
    """Return the reported score of the node that is best by its own validation."""
    best = outcome.working(run, steps)
    return best[0].other_test if best else None


def rescored(top: int) -> Read:
    """Return the reported score of the best of the top nodes by the part of the held-out rows that chooses."""

    def read(run: Sequence[Outcome]) -> float | None:
        few = outcome.working(run)[:top]
        return max(few, key=lambda one: one.test or 0.0).other_test if few else None

    return read


def oracle(run: Sequence[Outcome]) -> float | None:
    """Return the best reported score of any node."""
    return max((one.other_test for one in run if one.other_test is not None), default=None)
