"""The study as a Markdown page with pictures, written from the figures of a run: what was compared, and what wins.

The words that judge are chosen by the intervals: a difference whose interval holds 0 is called one that can't be told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from study import offline_runs, outcome, simulation
from study.figures import Estimate, averaged, estimate
from study.landscape import FAMILIES
from study.picture import picture
from study.strategies import AIDE, PARALLEL, STRATEGIES, WITH_PROMPTS, Strategy

NAME = "study.md"
SIMULATED_PICTURE, OFFLINE_PICTURE = "study-simulated.svg", "study-offline.svg"
SHOWN = (AIDE.name, "greedy, deep debug", "best of n", "mcts, deep debug", "evolution", "top-k")


@dataclass(frozen=True)
class Page:
    """Either part may be missing."""

    simulated: simulation.Found | None
    offline: offline_runs.Found | None

    def write(self, folder: Path) -> None:
        """Write the page, and a picture for each part."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NAME).write_text(self.text(), encoding="utf-8")
        if self.simulated:
            found, steps = self.simulated, max(self.simulated.plan.steps)
            panels = {
                f"{family.name}, noise {simulation.MIDDLE}": {
                    strategy.name: found.curve(family.name, simulation.MIDDLE, strategy, steps)
                    for strategy in _shown(STRATEGIES)
                }
                for family in FAMILIES
            }
            (folder / SIMULATED_PICTURE).write_text(picture(panels), encoding="utf-8")
        if self.offline:
            runs = self.offline
            panels = {
                name: {s.name: curve for s in offline_runs.POLICIES if (curve := runs.curve(name, s))}
                for name in runs.competitions
            }
            panels = {name: curves for name, curves in panels.items() if curves}
            (folder / OFFLINE_PICTURE).write_text(picture(panels), encoding="utf-8")

    def text(self) -> str:
        """Return the page."""
        parts = [HEAD, *_in_short(self.simulated, self.offline)]
        if self.simulated:
            parts += _simulated(self.simulated)
        if self.offline:
            parts += _offline(self.offline)
        return "\n".join(parts).rstrip() + "\n"


HEAD = """\
# Which search finds more?

Written by `make study PAGE=docs`: figures are those of one run, intervals are 95 % bootstraps over seeds, differences
are paired by seed. More is better throughout. A difference whose interval holds 0 is one that can't be told; intervals
are not corrected for the number of strategies, so of twenty that don't differ one will seem to.
"""


def _in_short(simulated: simulation.Found | None, offline: offline_runs.Found | None) -> Iterator[str]:
    """Say which strategies beat the published one in the simulation, with the offline coder, and in both."""
    if (
        simulated is None
        or offline is None
        or not all(offline.values(n, AIDE, offline_runs.final) for n in offline.competitions)
    ):
        return
    steps = max(simulated.plan.steps)
    found = [
        {s.name for s in STRATEGIES[1:] if (one := simulated.against_aide(s, steps)).excludes_zero and one.mean > 0},
        {
            s.name
            for s in offline_runs.POLICIES
            if (one := offline.overall(s, offline_runs.final)).excludes_zero and one.mean > 0
        },
    ]
    names = [", ".join(sorted(some)) or "none" for some in (*found, found[0] & found[1])]
    yield (
        f"**In short**: better than {AIDE.name} in the simulation: {names[0]}; with the offline coder: {names[1]}; in "
        f"both: {names[2]}.\n"
    )


def _shown(strategies: Sequence[Strategy]) -> list[Strategy]:
    return [strategy for strategy in strategies if strategy.name in SHOWN]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _verdict(names: Sequence[str], against: Sequence[Estimate], what: str) -> str:
    """Say which beats the published policy, which loses to it, and of which it can't be told."""
    groups: dict[str, list[str]] = {"better": [], "worse": [], "not told apart": []}
    for name, one in zip(names, against, strict=True):
        kind = "not told apart" if not one.excludes_zero else "better" if one.mean > 0 else "worse"
        groups[kind].append(f"{name} ({one.text(signed=True)})")
    said = "".join(f"- **{kind}**: {', '.join(found)}.\n" for kind, found in groups.items() if found)
    return f"{what}, against {AIDE.name}:\n\n{said}"


# Simulated landscapes


def _simulated(found: simulation.Found) -> Iterator[str]:
    plan = found.plan
    yield "## Simulated landscapes\n"
    yield SIMULATED_ABOUT.format(
        families="\n".join(f"- **{family.name}**: {family.about}." for family in FAMILIES),
        noises=", ".join(map(str, simulation.NOISES)),
        seeds=plan.seeds,
        steps=" and ".join(map(str, plan.steps)),
    )
    for steps in plan.steps:
        others = [strategy for strategy in STRATEGIES if strategy is not AIDE]
        against = [found.against_aide(strategy, steps) for strategy in others]
        yield f"### After {steps} steps\n"
        yield _verdict([strategy.name for strategy in others], against, "Over all families and noises")
        yield _overall(found, steps)
    yield f"![test score against steps]({SIMULATED_PICTURE})\n"
    yield "### How the final node is chosen\n"
    yield _choices(found, max(plan.steps))
    yield "### Several workers, as many steps\n"
    yield _workers(found, max(plan.steps))


SIMULATED_ABOUT = """\
The real loop, journal and policies; the model and the scripts are simulated. **This is a simulation: its numbers are
assumptions, and it tells how policies cope with a kind of difficulty, not how good they are on real data.** A script
has a true quality (its test score, 0 to 1); validation is off by noise with the standard deviation given, most of it
shared between a script and what is made of it. Every step costs the same, also one whose script breaks at once.

{families}

Each with validation noise {noises}; {seeds} seeds a cell; runs of {steps} steps (policies know how many). "Deep debug"
is MLE-bench's setting for AIDE (broken leaves always first, chains of 20), else it is the published default (a coin,
chains of 3). "Patience 8" begins anew after eight nodes without a better one; "blends at the end" leaves the last 15 %
of the steps to blending the best nodes, which is assumed to gain 0.006 for each unlike one that is about as good.
"""


def _overall(found: simulation.Found, steps: int) -> str:
    rows = []
    for strategy in STRATEGIES:
        overall = found.overall(strategy, steps, lambda run, _: outcome.chosen(run))
        by_family = [
            _mean(found, family.name, strategy, steps, lambda run, _: outcome.chosen(run)) for family in FAMILIES
        ]
        noisy = found.overall(strategy, steps, lambda run, _: outcome.chosen(run), (simulation.NOISES[-1],))
        rows.append(
            (
                strategy.name,
                estimate(list(overall.values())).text(),
                *by_family,
                f"{estimate(list(noisy.values())).mean:.3f}",
            )
        )
    heads = ["strategy", "all", *(family.name for family in FAMILIES), f"all, noise {simulation.NOISES[-1]}"]
    return _table(heads, rows)


def _mean(found: simulation.Found, family: str, strategy: Strategy, steps: int, read: simulation.Read) -> str:
    values = [
        value for noise in simulation.NOISES for value in found.values(family, noise, strategy, steps, read).values()
    ]
    return f"{sum(values) / len(values):.3f}"


def _choices(found: simulation.Found, steps: int) -> str:
    """Return what re-scoring the best few on a second, independent validation is worth, by noise."""
    noises = [noise for noise in simulation.NOISES if noise > 0]
    rows = []
    for strategy in _shown(STRATEGIES):
        for noise in noises:
            base = found.overall(strategy, steps, lambda run, _: outcome.chosen(run), (noise,))
            cells = [strategy.name, str(noise), estimate(list(base.values())).text()]
            for top in (3, 5, 10):
                better = found.overall(strategy, steps, simulation.rescored(top, noise), (noise,))
                cells.append(_paired(better, base).text(signed=True))
            best = found.overall(strategy, steps, lambda run, _: outcome.oracle(run), (noise,))
            rows.append((*cells, _paired(best, base).text(signed=True)))
    heads = [
        "strategy",
        "noise",
        "best by validation",
        "best of 3 by a second look",
        "of 5",
        "of 10",
        "oracle (by test)",
    ]
    return (
        "What a second look at the best few, with independent noise of the same size, adds to the test score.\n\n"
        + _table(heads, rows)
    )


def _paired(values: dict[int, float], base: dict[int, float]) -> Estimate:
    return estimate(list(_each(values, base).values()))


def _workers(found: simulation.Found, steps: int) -> str:
    rows = []
    for strategy in PARALLEL:
        if strategy.workers == 1:
            one = strategy
            continue
        cells = [strategy.name]
        for family in FAMILIES:
            alone, several = (
                found.values(family.name, simulation.MIDDLE, each, steps, lambda run, _: outcome.chosen(run))
                for each in (one, strategy)
            )
            cells.append(_paired(several, alone).text(signed=True))
        rows.append(cells)
    return (
        "Each of four workers proposes before the other three are known, so the policy sees less at the same number of "
        "steps (which then take about a quarter of the time). Difference to one worker:\n\n"
        + _table(["strategy", *(family.name for family in FAMILIES)], rows)
    )


# The offline coder


def _offline(found: offline_runs.Found) -> Iterator[str]:
    plan = found.plan
    yield "## The offline coder on real data\n"
    counts = {name: len(found.values(name, AIDE, offline_runs.final)) for name in found.competitions}
    yield OFFLINE_ABOUT.format(
        competitions=", ".join(f"{name} ({count} seeds)" for name, count in counts.items()), steps=plan.steps
    )
    ready = tuple(name for name, count in counts.items() if count > 1)
    if not ready:
        return
    done = dataclasses.replace(found, competitions=ready)
    others = [strategy for strategy in offline_runs.POLICIES if strategy is not AIDE]
    against = [done.overall(strategy, offline_runs.final) for strategy in others]
    yield _verdict([s.name for s in others], against, "In standard deviations of its final score over seeds")
    yield _offline_table(done)
    yield f"![test score against steps]({OFFLINE_PICTURE})\n"
    yield "### How the final node is chosen\n"
    yield _offline_choices(done)
    yield "### Blending at the end\n"
    yield _blending(done)


OFFLINE_ABOUT = """\
Real scripts, trained on real data: {competitions}.
Runs of {steps} steps; no model: the offline coder, with a typical mistake in three of ten drafts, so that there is
something to debug. Half of each table (for digits-8x8 90 %, for spaceship-titanic 85 %) is held out, split anew for
each seed; of the held-out rows one half chooses the final node where that is said, the other is reported. Scores that
are to be minimized have a minus. What wins here wins for this coder, whose ideas are soon used up; it says little about
a model that has more.
"""


def _offline_table(found: offline_runs.Found) -> str:
    rows = []
    for strategy in offline_runs.POLICIES:
        cells = [strategy.name]
        for name in found.competitions:
            cells.append(estimate(list(found.values(name, strategy, offline_runs.final).values())).text(4))
        rows.append((*cells, found.overall(strategy, offline_runs.final).text(2, signed=True)))
    return _table(["strategy", *found.competitions, "all, against AIDE's, in sd"], rows)


def _offline_choices(found: offline_runs.Found) -> str:
    """Return what choosing by held-out rows adds, over all policies: they share most of their scripts."""
    rows = []
    for name in found.competitions:
        cells = [name]
        for read in (offline_runs.rescored(3), offline_runs.rescored(5), offline_runs.oracle):
            gains = [
                _each(found.values(name, strategy, read), found.values(name, strategy, offline_runs.final))
                for strategy in offline_runs.POLICIES
            ]
            cells.append(estimate(list(averaged(gains).values())).text(4, signed=True))
        rows.append(cells)
    heads = ["competition", "best of 3 by held-out rows", "best of 5", "oracle (by the reported rows)"]
    about = "What choosing among the best few by one half of the held-out rows adds to the score on the other half."
    return f"{about}\n\n{_table(heads, rows)}"


def _blending(found: offline_runs.Found) -> str:
    """Return what blending at the end adds, with prompts that ask for what a blend needs."""
    without, with_blends = WITH_PROMPTS
    rows = []
    for name in found.competitions:
        base, values = (found.values(name, one, offline_runs.final) for one in (without, with_blends))
        gains = list(_each(values, base).values())
        if len(gains) > 1:
            scores = estimate([base[seed] for seed in values.keys() & base.keys()])
            rows.append((f"{name} ({len(gains)} seeds)", scores.text(4), estimate(gains).text(4, signed=True)))
    if not rows:
        return "Not run yet.\n"
    about = (
        "With the prompt set `best`, which asks scripts for what a blend needs; the last quarter of the steps blends."
    )
    return f"{about}\n\n{_table(['competition', without.name, 'blending at the end adds'], rows)}"


def _each(values: dict[int, float], base: dict[int, float]) -> dict[int, float]:
    """Return the differences of the seeds that have both."""
    return {seed: values[seed] - base[seed] for seed in values.keys() & base.keys()}
