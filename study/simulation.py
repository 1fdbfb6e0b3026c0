"""The simulated part: every strategy on every family and noise, and what choosing the final node otherwise is worth."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from study import outcome
from study.cells import Cells, Job, Key, run_all
from study.figures import Estimate, averaged, difference, estimate
from study.landscape import FAMILIES
from study.outcome import Outcome
from study.simulated import simulate
from study.strategies import AIDE, PARALLEL, STRATEGIES, Strategy

NOISES = (0.0, 0.02, 0.05)
MIDDLE = 0.02
SCRATCH = Path("/dev/shm")  # noqa: S108 - in memory where there is one: each node writes three tiny files
LOOP = ("agent/search", "agent/agent.py", "agent/journal.py", "agent/verdict.py")
CODE = ("study/landscape.py", "study/simulated.py", *LOOP)


@dataclass(frozen=True)
class Plan:
    """How much is run."""

    seeds: int = 24
    steps: tuple[int, ...] = (20,)
    workers_seeds: int = 24


QUICK = Plan(seeds=6, steps=(20,), workers_seeds=3)


def jobs(plan: Plan) -> Iterator[tuple[Sequence[Key], Job]]:
    """Yield what is to be run: all seeds of a family, noise and strategy at once."""
    for steps in plan.steps:
        for number, family in enumerate(FAMILIES):
            for noise in NOISES:
                for strategy in STRATEGIES:
                    yield _job(number, family.name, noise, strategy, steps, range(plan.seeds))
            for strategy in PARALLEL:
                yield _job(number, family.name, MIDDLE, strategy, steps, range(plan.workers_seeds))


def _job(
    number: int, family: str, noise: float, strategy: Strategy, steps: int, seeds: Sequence[int]
) -> tuple[Sequence[Key], Job]:
    keys = [key(family, noise, strategy, steps, seed) for seed in seeds]
    return keys, functools.partial(carry_out, number, noise, strategy, steps, tuple(seeds), tuple(keys))


def key(family: str, noise: float, strategy: Strategy, steps: int, seed: int) -> Key:
    """Return the name of a cell."""
    return (family, noise, strategy.tag, steps, seed)


def carry_out(
    number: int, noise: float, strategy: Strategy, steps: int, seeds: Sequence[int], keys: Sequence[Key]
) -> list[tuple[Key, list[Outcome]]]:
    """Run the seeds of one job, in a process of its own."""
    found = []
    with tempfile.TemporaryDirectory(prefix="study-", dir=SCRATCH if SCRATCH.is_dir() else None) as scratch:
        for seed, name in zip(seeds, keys, strict=True):
            search = strategy.with_steps(steps)
            found.append((name, simulate(FAMILIES[number], noise, search, strategy.workers, seed, Path(scratch))))
    return found


Read = Callable[[Sequence[Outcome], int], float]


def chosen_by(step: int) -> Read:
    """Return the test score of what would be handed in after a step."""
    return lambda run, _: outcome.chosen(run, step)


def rescored(top: int, noise: float) -> Read:
    """Return the test score of the best of the top nodes by a second look, which is as noisy."""
    return lambda run, seed: outcome.rescored(run, top, noise, seed)


@dataclass(frozen=True)
class Found:
    """The runs, and what is read of them."""

    cells: Cells
    plan: Plan

    def run(self, say: Callable[[str], None]) -> None:
        run_all(self.cells, jobs(self.plan), say)

    def values(self, family: str, noise: float, strategy: Strategy, steps: int, read: Read) -> dict[int, float]:
        """Return a figure of each seed's run."""
        seeds = range(self.plan.seeds)
        names = {seed: key(family, noise, strategy, steps, seed) for seed in seeds}
        return {seed: read(self.cells.runs[name], seed) for seed, name in names.items() if name in self.cells.runs}

    def overall(self, strategy: Strategy, steps: int, read: Read, noises: Sequence[float] = NOISES) -> dict[int, float]:
        """Return each seed's mean over families and noises."""
        return averaged(
            [self.values(family.name, noise, strategy, steps, read) for family in FAMILIES for noise in noises]
        )

    def curve(self, family: str, noise: float, strategy: Strategy, steps: int) -> dict[int, Estimate]:
        """Return the test score of what would be handed in after each step."""
        found = {}
        for step in sorted({1, 2, 3, *range(5, steps + 1, 5)}):
            values = self.values(family, noise, strategy, steps, chosen_by(step))
            found[step] = estimate(list(values.values()))
        return found

    def against_aide(self, strategy: Strategy, steps: int, read: Read = lambda run, _: outcome.chosen(run)) -> Estimate:
        """Return how much better a strategy is than AIDE's, over all families and noises."""
        mine = self.overall(strategy, steps, read)
        return difference(mine, self.overall(AIDE, steps, lambda run, _: outcome.chosen(run)))
