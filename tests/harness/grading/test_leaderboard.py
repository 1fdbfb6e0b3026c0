"""Medals, medians and percentiles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contract import Direction
from harness.grading.leaderboard import (
    Lines,
    Medal,
    above_median,
    exact_standing,
    is_better,
    lines_of,
    medal_of,
    medal_ranks,
    standing,
)

LINES = Lines(gold=0.9, silver=0.8, bronze=0.7, median=0.5)
LOSSES = Lines(gold=0.1, silver=0.2, bronze=0.3, median=0.5)


@pytest.mark.parametrize(
    ("teams", "ranks"),
    [
        (1, (1, 1, 1)),
        (9, (1, 1, 3)),
        (99, (9, 19, 39)),
        (100, (10, 20, 40)),
        (249, (10, 49, 99)),
        (250, (10, 50, 100)),
        (500, (11, 50, 100)),
        (999, (11, 50, 100)),
        (1000, (12, 50, 100)),
        (1967, (13, 98, 196)),
        (10_000, (30, 500, 1000)),
    ],
)
def test_medal_ranks_by_number_of_teams(teams: int, ranks: tuple[int, int, int]) -> None:
    assert medal_ranks(teams) == ranks


@given(st.integers(1, 20_000))
def test_medal_ranks_never_cross_and_fit_the_board(teams: int) -> None:
    gold, silver, bronze = medal_ranks(teams)
    assert 1 <= gold <= silver <= bronze <= teams


def test_no_teams_have_no_medals() -> None:
    with pytest.raises(ValueError, match="at least one team"):
        medal_ranks(0)


@pytest.mark.parametrize(
    ("score", "medal"),
    [(0.95, "gold"), (0.9, "gold"), (0.89999, "silver"), (0.8, "silver"), (0.7, "bronze"), (0.69999, "none")],
)
def test_a_tie_with_the_line_earns_the_medal(score: float, medal: str) -> None:
    assert medal_of(score, LINES, "maximize") == medal
    assert medal_of(round(1 - score, 5), LOSSES, "minimize") == medal


def test_scores_are_rounded_to_five_decimals_before_they_are_compared() -> None:
    assert medal_of(0.899996, LINES, "maximize") is Medal.GOLD
    assert medal_of(0.899994, LINES, "maximize") is Medal.SILVER
    assert not above_median(0.500004, LINES, "maximize")


def test_above_median_is_strict() -> None:
    assert above_median(0.50001, LINES, "maximize") and not above_median(0.5, LINES, "maximize")
    assert above_median(0.49999, LOSSES, "minimize") and not above_median(0.5, LOSSES, "minimize")


def test_lines_of_a_full_board_are_the_scores_at_the_medal_ranks() -> None:
    scores = [float(place) for place in range(1, 101)]
    assert lines_of(scores, "maximize") == Lines(91.0, 81.0, 61.0, 50.5)
    assert lines_of(scores, "minimize") == Lines(10.0, 20.0, 40.0, 50.5)


BOARD = [1 - place / 100 for place in range(101)]


def test_places_at_the_ends_and_between_two_quantiles() -> None:
    assert standing(1.0, BOARD, 1000, "maximize").percentile == 100
    assert standing(2.0, BOARD, 1000, "maximize").exceeds_percent == pytest.approx(99.9)
    assert standing(0.0, BOARD, 1000, "maximize").percentile == 0
    assert standing(0.505, BOARD, 1000, "maximize").percentile == pytest.approx(50.5)
    worst = standing(-1.0, BOARD, 1000, "maximize")
    assert (worst.percentile, worst.exceeds_percent) == (0, 0)


def test_a_score_that_many_share_stands_at_the_first_of_them() -> None:
    flat = [1.0] + [0.5] * 99 + [0.0]
    assert standing(0.5, flat, 101, "maximize").percentile == 99


scores = st.lists(st.floats(-100, 100).map(lambda score: round(score, 3)), min_size=101, max_size=400)
directions: st.SearchStrategy[Direction] = st.sampled_from(["maximize", "minimize"])


@settings(deadline=None)
@given(scores, st.floats(-110, 110), directions)
def test_interpolation_stays_within_its_stated_error_of_the_exact_place(
    board: list[float], score: float, direction: Direction
) -> None:
    ranked = sorted(board, reverse=direction == "maximize")
    quantiles = [ranked[round(place * (len(ranked) - 1) / 100)] for place in range(101)]
    near, exact = standing(score, quantiles, len(board), direction), exact_standing(score, board, direction)
    slack = 1 + 100 / len(board)  # quantiles that are themselves rounded to a team
    assert abs(near.percentile - exact.percentile) <= slack
    assert abs(near.exceeds_percent - exact.exceeds_percent) <= slack
    assert 0 <= near.percentile <= 100 and 0 <= near.exceeds_percent < 100


@settings(deadline=None)
@given(scores, st.floats(-110, 110), st.floats(-110, 110), directions)
def test_a_better_score_never_stands_lower(board: list[float], one: float, two: float, direction: Direction) -> None:
    quantiles = sorted(board, reverse=direction == "maximize")[:101]
    better, worse = (one, two) if is_better(one, two, direction) else (two, one)
    up, down = (standing(score, quantiles, 500, direction) for score in (better, worse))
    assert up.percentile >= down.percentile and up.exceeds_percent >= down.exceeds_percent
    lines = Lines(*sorted(quantiles[:3], reverse=direction == "maximize"), median=quantiles[50])
    order = [Medal.GOLD, Medal.SILVER, Medal.BRONZE, Medal.NONE]
    assert order.index(medal_of(better, lines, direction)) <= order.index(medal_of(worse, lines, direction))


def test_the_exact_rank_is_one_more_than_the_teams_strictly_better() -> None:
    place = exact_standing(0.5, [0.9, 0.5, 0.5, 0.1], "maximize")
    assert place.exceeds_percent == 50  # rank 2 of 4
    assert place.percentile == pytest.approx(100 * 2 / 3)
