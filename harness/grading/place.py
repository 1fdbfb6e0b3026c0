"""Where a score stands among people, and how exactly that is known: from the spec's lines and quantiles, or from the
user's copy of the full leaderboard.

Medals and the median go by the spec's lines wherever it has them, so that all users get the same; a full leaderboard
whose own lines differ is of another day, and the percentile says so. Pure: the leaderboard is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.contract import Direction
from harness.grading import leaderboard
from harness.grading.full_leaderboard import FullLeaderboard
from harness.grading.leaderboard import Lines, Medal, Standing
from harness.specs.competition import Competition

STAND_IN_NOTE = "stand-in data: synthetic, so no medal and no percentile"
OTHER_SNAPSHOT = "other snapshot"
QUANTILES_NOTE = "interpolated from 101 quantiles, to within 1 point"


@dataclass(frozen=True)
class Place:
    """What a score earns; None where that is not known, and `note` says why, or how exact the percentile is."""

    note: str
    lines: Lines | None = None
    teams: int | None = None
    medal: Medal | None = None
    above_median: bool | None = None
    standing: Standing | None = None


def place_of(competition: Competition, score: float | None, full: FullLeaderboard | None, *, stand_in: bool) -> Place:
    """Return what the score earns; None where there is no score."""
    board, direction = competition.leaderboard, competition.metric.direction
    if stand_in:
        return Place(STAND_IN_NOTE)
    if board is None and full is None:
        return Place("this competition has no leaderboard")
    stated = board.lines if board is not None else None
    lines = stated or (leaderboard.lines_of(full.scores, direction) if full is not None else None)
    teams = board.teams if board is not None else None
    if teams is None and full is not None:
        teams = len(full.scores)
    standing, note = _standing(competition, score, full)
    if score is None or lines is None:
        return Place(note, lines, teams, standing=standing)
    medal, above = leaderboard.medal_of(score, lines, direction), leaderboard.above_median(score, lines, direction)
    return Place(note, lines, teams, medal, above, standing)


def is_of_another_day(full: FullLeaderboard, lines: Lines, direction: Direction) -> bool:
    """Do the leaderboard's own medal lines differ from the stated ones? The median may differ by how it is taken."""
    own = leaderboard.lines_of(full.scores, direction)
    pairs = ((own.gold, lines.gold), (own.silver, lines.silver), (own.bronze, lines.bronze))
    return any(round(one, leaderboard.DECIMALS) != round(other, leaderboard.DECIMALS) for one, other in pairs)


def _standing(
    competition: Competition, score: float | None, full: FullLeaderboard | None
) -> tuple[Standing | None, str]:
    board, direction = competition.leaderboard, competition.metric.direction
    lines = board.lines if board is not None else None
    no_score = None, "there is no score"
    if full is not None:
        if score is None:
            return no_score
        return leaderboard.exact_standing(score, full.scores, direction), _exact_note(full, lines, direction)
    quantiles = competition.quantiles()
    if board is None or board.teams is None or quantiles is None:
        known = "its lines only" if lines is not None else "nor are its lines"
        return None, f"the leaderboard's quantiles are not known, {known}; see: podium leaderboard download"
    if score is None:
        return no_score
    note = f"{board.quantiles_note}; {QUANTILES_NOTE}" if board.quantiles_note else QUANTILES_NOTE
    return leaderboard.standing(score, quantiles, board.teams, direction), note


def _exact_note(full: FullLeaderboard, lines: Lines | None, direction: Direction) -> str:
    note = f"exact, from the full leaderboard of {len(full.scores)} teams ({full.date})"
    if lines is None:
        return f"{note}; so are the medal lines and the median"
    return f"{OTHER_SNAPSHOT}; {note}" if is_of_another_day(full, lines, direction) else note
