"""Which scores are too good to be believed without a second look: a perfect one, and a sudden jump.

Nothing is decided here. A suspicion names what is odd about a score, by the metric and the run's own history alone: the
agent knows no leaderboard and no test score.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from agent.contract import Direction
from agent.score import range_of

NEARLY = 1e-4  # of a metric between 0 and 1
NOTHING = 1e-6  # of an error
ENOUGH_SCORES = 3
SPREADS = 3.0
SHARE_OF_ERROR = 0.15


def suspicion(score: float, metric: str, direction: Direction, earlier: Sequence[float]) -> str | None:
    """Say what is odd about a good node's score, given those of the good nodes before it; None when nothing is."""
    return _perfect(score, metric, direction) or _jump(score, metric, direction, earlier)


def _perfect(score: float, metric: str, direction: Direction) -> str | None:
    low, high = range_of(metric)
    if direction == "maximize":
        perfect = score >= high - NEARLY if high < float("inf") else score == 1.0
    else:
        perfect = score <= low + NOTHING if low > float("-inf") else score == 0.0
    return f"the score {score:g} is the best that {metric} can be, or all but" if perfect else None


def _jump(score: float, metric: str, direction: Direction, earlier: Sequence[float]) -> str | None:
    """A gain that is large beside the spread of the scores so far, and takes away much of what was left to gain."""
    if len(earlier) < ENOUGH_SCORES:
        return None
    best = max(earlier) if direction == "maximize" else min(earlier)
    gain = score - best if direction == "maximize" else best - score
    spread = statistics.stdev(earlier)
    low, high = range_of(metric)
    end = high if direction == "maximize" else low
    left = abs(end - best) if abs(end) != float("inf") else abs(best)
    if gain <= SPREADS * spread or gain <= 0 or gain < SHARE_OF_ERROR * left:
        return None
    how = f", {gain / spread:.1f} times the spread of the {len(earlier)} scores so far" if spread > 0 else ""
    return f"the score {score:g} is a jump from {best:g}, the best before it{how}"
