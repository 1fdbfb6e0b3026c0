"""Simulated search landscapes: what a draft, an improvement, a debug, a merge gives, and how far validation is off.

A solution is a `State`: its true quality (what the test would say, from 0 to 1, more is better), how far it can be
taken, how its validation errs, whether it is broken. The families are caricatures, each of one difficulty, and their
numbers are assumptions: they tell policies apart by how these cope, not how good any of them is on real data.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Protocol

MARK = "# state: "
INHERITED = 0.7  # a child shares most of its parent's luck in validation: the same folds, nearly the same code


@dataclass(frozen=True)
class State:
    """One simulated script."""

    quality: float
    cap: float
    error: float = 0.0  # validation score less quality
    buggy: bool = False
    hopeless: bool = False  # no debugging mends it
    attempts: int = 0  # debugs in a row that failed
    number: int = 0  # so that no two scripts are the same program

    @property
    def validation(self) -> float:
        return self.quality + self.error

    def code(self) -> str:
        """Return the script: one comment that holds it all."""
        return f"{MARK}{json.dumps(asdict(self))}\n"


def states_in(text: str) -> list[State]:
    """Return every state that a text mentions, in order."""
    lines = (line.partition(MARK)[2] for line in text.splitlines() if MARK in line)
    return [State(**json.loads(line)) for line in lines]


class Landscape(Protocol):
    """What an operator makes of what it is given. The same `rng` gives the same outcome."""

    name: ClassVar[str]
    about: ClassVar[str]

    def draft(self, rng: random.Random) -> State: ...
    def improve(self, parent: State, rng: random.Random) -> State: ...
    def debug(self, parent: State, rng: random.Random) -> State: ...
    def merge(self, first: State, second: State, rng: random.Random) -> State: ...
    def blend(self, states: Sequence[State], rng: random.Random) -> State: ...


@dataclass(frozen=True)
class Smooth:
    """Six of ten improvements gain a part of what is left to the cap, the others lose a little."""

    name: ClassVar[str] = "smooth"
    about: ClassVar[str] = "60 % of improvements gain up to a quarter of what is left; few bugs (20 %)"
    draft_bugs: float = 0.2
    change_bugs: float = 0.15
    mended: float = 0.6
    hopeless: float = 0.05

    def draft(self, rng: random.Random) -> State:
        quality, cap = rng.gauss(0.45, 0.07), 0.95 - abs(rng.gauss(0, 0.06))
        return self._maybe_broken(State(quality, max(cap, quality)), self.draft_bugs, rng)

    def improve(self, parent: State, rng: random.Random) -> State:
        return self._maybe_broken(replace(parent, quality=self._changed(parent, rng)), self.change_bugs, rng)

    def debug(self, parent: State, rng: random.Random) -> State:
        chance = 0.0 if parent.hopeless else self.mended * 0.9**parent.attempts
        if rng.random() < chance:
            return replace(parent, buggy=False, hopeless=False, attempts=0)
        return replace(parent, attempts=parent.attempts + 1)

    def merge(self, first: State, second: State, rng: random.Random) -> State:
        """Mostly about as good as the better one; two that differ give a little headroom."""
        better = max(first, second, key=lambda state: state.quality)
        headroom = 0.02 if first.cap != second.cap else 0.0
        cap = min(1.0, max(first.cap, second.cap) + headroom)
        quality = min(cap, better.quality + rng.uniform(-0.05, 0.03 + headroom))
        return self._maybe_broken(replace(first, quality=quality, cap=cap), 1.5 * self.change_bugs, rng)

    def blend(self, states: Sequence[State], rng: random.Random) -> State:
        """Weigh predictions: about the best one, and a little more the more unlike ones are about as good."""
        best = max(states, key=lambda state: state.validation)
        unlike = [state for state in states if state.cap != best.cap and state.quality > best.quality - 0.1]
        quality = best.quality + rng.uniform(-0.005, 0.01) + 0.006 * min(3, len(unlike))
        return self._maybe_broken(replace(best, quality=quality, cap=max(best.cap, quality)), 0.1, rng)

    def _changed(self, parent: State, rng: random.Random) -> float:
        if rng.random() < 0.6:
            return parent.quality + rng.uniform(0, 0.25) * (parent.cap - parent.quality)
        return parent.quality - rng.uniform(0, 0.05)

    def _maybe_broken(self, state: State, chance: float, rng: random.Random) -> State:
        broken, hopeless = rng.random() < chance, rng.random() < self.hopeless
        return replace(state, buggy=broken, hopeless=broken and hopeless, attempts=0)


@dataclass(frozen=True)
class Rugged(Smooth):
    """Plateaus: one change in ten is a leap, most do nothing, some harm."""

    name: ClassVar[str] = "rugged"
    about: ClassVar[str] = "10 % of improvements leap by 20–60 % of what is left, 60 % do nothing, 30 % harm"

    def _changed(self, parent: State, rng: random.Random) -> float:
        kind = rng.random()
        if kind < 0.1:
            return parent.quality + rng.uniform(0.2, 0.6) * (parent.cap - parent.quality)
        return parent.quality + (rng.gauss(0, 0.002) if kind < 0.7 else -rng.uniform(0, 0.1))


@dataclass(frozen=True)
class Deceptive(Smooth):
    """Seven of ten drafts start well and end soon; the others start badly and go far."""

    name: ClassVar[str] = "deceptive"
    about: ClassVar[str] = "70 % of drafts start at 0.60 and end at 0.68, 30 % start at 0.42 and can reach 0.95"

    def draft(self, rng: random.Random) -> State:
        if rng.random() < 0.7:
            quality, cap = rng.gauss(0.60, 0.04), rng.gauss(0.68, 0.02)
        else:
            quality, cap = rng.gauss(0.42, 0.05), 0.95
        return self._maybe_broken(State(quality, max(cap, quality)), self.draft_bugs, rng)


@dataclass(frozen=True)
class Buggy(Smooth):
    """Most drafts and many changes break, and a debug helps less than half of the time."""

    name: ClassVar[str] = "buggy"
    about: ClassVar[str] = "smooth, but 60 % of drafts and 40 % of changes break; a debug mends 45 %, 15 % stay broken"
    draft_bugs: float = 0.6
    change_bugs: float = 0.4
    mended: float = 0.45
    hopeless: float = 0.15


@dataclass(frozen=True)
class Ambitious(Smooth):
    """Half of the improvements try something large, which mostly breaks at first; what is small gains little."""

    name: ClassVar[str] = "ambitious"
    about: ClassVar[str] = (
        "half of the improvements gain 20–50 % of what is left, and 70 % of these break; others do little"
    )
    mended: float = 0.5

    def improve(self, parent: State, rng: random.Random) -> State:
        if rng.random() < 0.5:
            quality = parent.quality + rng.uniform(0.2, 0.5) * (parent.cap - parent.quality)
            return self._maybe_broken(replace(parent, quality=quality), 0.7, rng)
        return self._maybe_broken(replace(parent, quality=parent.quality + rng.uniform(-0.03, 0.03)), 0.1, rng)


FAMILIES: tuple[Landscape, ...] = (Smooth(), Rugged(), Deceptive(), Buggy(), Ambitious())


def with_error(state: State, parent: State | None, noise: float, rng: random.Random) -> State:
    """Return the state with its validation's error: new for a draft, mostly the parent's for what is made of it."""
    fresh = rng.gauss(0, noise)
    if parent is None:
        return replace(state, error=fresh)
    return replace(state, error=INHERITED * parent.error + math.sqrt(1 - INHERITED**2) * fresh)
