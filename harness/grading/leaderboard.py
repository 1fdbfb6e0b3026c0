"""What a score is worth among people: medals by MLE-bench's rule, the percentile, and the share of teams exceeded.

Scores and lines are compared after rounding to five decimals; a tie with a line earns its medal. Nothing here knows
where a score comes from, and stand-in data never get here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.contract import Direction

DECIMALS = 5


class Medal(StrEnum):
    """The medals exclude each other."""

    GOLD = "gold"
    SILVER = "silver"
    BRONZE = "bronze"
    NONE = "none"


@dataclass(frozen=True)
class Lines:
    """The scores that earn each medal, and the median team's."""

    gold: float
    silver: float
    bronze: float
    median: float


@dataclass(frozen=True)
class Standing:
    """Where a score would stand among `teams`.

    `percentile`: 100 for the best team's place, 0 for the last one's. `exceeds_percent`: 100·(1 − rank/teams), the rank
    being one more than the teams strictly better; never below 0.
    """

    percentile: float
    exceeds_percent: float


def medal_ranks(teams: int) -> tuple[int, int, int]:
    """Return the last rank that earns gold, silver and bronze among that many teams."""
    if teams < 1:
        raise ValueError(f"a leaderboard has at least one team, found {teams}")
    if teams < 100:
        return max(1, teams // 10), max(1, teams // 5), max(1, teams * 2 // 5)
    if teams < 250:
        return 10, teams // 5, teams * 2 // 5
    gold = 10 + teams // 500
    return (gold, 50, 100) if teams < 1000 else (gold, teams // 20, teams // 10)


def lines_of(scores: Sequence[float], direction: Direction) -> Lines:
    """Return the lines of a full leaderboard, given every team's score in any order."""
    import statistics

    ranked = sorted(scores, reverse=direction == "maximize")
    gold, silver, bronze = medal_ranks(len(ranked))
    return Lines(ranked[gold - 1], ranked[silver - 1], ranked[bronze - 1], statistics.median(ranked))


def medal_of(score: float, lines: Lines, direction: Direction) -> Medal:
    """Return the best medal whose line the score reaches."""
    for medal, line in ((Medal.GOLD, lines.gold), (Medal.SILVER, lines.silver), (Medal.BRONZE, lines.bronze)):
        if not is_better(line, score, direction):
            return medal
    return Medal.NONE


def above_median(score: float, lines: Lines, direction: Direction) -> bool:
    """Is the score strictly better than the median team's?"""
    return is_better(score, lines.median, direction)


def is_better(score: float, than: float, direction: Direction) -> bool:
    """Is a score strictly better than another, both rounded?"""
    a, b = round(score, DECIMALS), round(than, DECIMALS)
    return a > b if direction == "maximize" else a < b


def standing(score: float, quantiles: Sequence[float], teams: int, direction: Direction) -> Standing:
    """Interpolate a score's place from the scores held at evenly spaced places, best first.

    Places between two quantiles are taken to be evenly spread, so the error is below the distance of two quantiles
    (1 point of 100 for 101 of them). A score that several quantiles share stands at the first of them.
    """
    sign = -1 if direction == "maximize" else 1
    ladder = [sign * round(value, DECIMALS) for value in quantiles]  # ascending: best is least
    mine = sign * round(score, DECIMALS)
    last = len(ladder) - 1
    step = bisect_left(ladder, mine)
    if step == 0:
        place, better = 0.0, 0.0
    elif step > last:
        place, better = 1.0, float(teams)  # worse than everybody
    else:
        below, above = ladder[step - 1], ladder[step]
        place = (step - 1 + (mine - below) / (above - below)) / last
        better = place * (teams - 1)
    return Standing(100 * (1 - place), max(0.0, 100 * (1 - (1 + better) / teams)))


def exact_standing(score: float, scores: Sequence[float], direction: Direction) -> Standing:
    """Return a score's place on a full leaderboard."""
    teams = len(scores)
    better = sum(is_better(other, score, direction) for other in scores)
    place = min(1.0, better / (teams - 1)) if teams > 1 else float(better > 0)
    return Standing(100 * (1 - place), max(0.0, 100 * (1 - (1 + better) / teams)))
