"""The AIDE paper's competitions: which are in its suites, and that each says what it rests on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.specs import competition as competitions

FOLDER = Path(__file__).parents[2] / "competitions"
LITE = """
    bike-sharing-demand cat-in-the-dat house-prices-advanced-regression-techniques new-york-city-taxi-fare-prediction
    playground-series-s3e14 playground-series-s3e16 playground-series-s3e19 playground-series-s3e22
    playground-series-s3e24 playground-series-s3e25 tabular-playground-series-aug-2022
    tabular-playground-series-feb-2021 tabular-playground-series-feb-2022 tabular-playground-series-jan-2022
    tabular-playground-series-jul-2021 tmdb-box-office-prediction
"""
OTHERS = """
    cat-in-the-dat-ii dont-overfit-ii facial-keypoints-detection icr-identify-age-related-conditions
    jigsaw-toxic-comment-classification-challenge nlp-getting-started playground-series-s3e1 playground-series-s3e3
    playground-series-s3e5 playground-series-s3e7 playground-series-s3e9 playground-series-s3e11
    playground-series-s3e13 playground-series-s3e17 playground-series-s3e18 playground-series-s3e20
    playground-series-s3e23 playground-series-s4e1 playground-series-s4e2 spaceship-titanic
    tabular-playground-series-jan-2021 tabular-playground-series-mar-2021 tabular-playground-series-apr-2021
    tabular-playground-series-aug-2021 tabular-playground-series-sep-2021 tabular-playground-series-oct-2021
    tabular-playground-series-dec-2021 tabular-playground-series-mar-2022 tabular-playground-series-may-2022
    tabular-playground-series-sep-2022
"""
SUITE_LINE = re.compile(r"^suites: \[.*\bweco-kaggle(/\w+)?\b.*\]$", re.MULTILINE)


def test_the_suites_hold_the_papers_competitions_that_have_a_leaderboard() -> None:
    found = {
        path.parent.name: line[1] or ""
        for path in FOLDER.glob("*/competition.yaml")
        if (line := SUITE_LINE.search(path.read_text(encoding="utf-8")))
    }
    assert {id for id, part in found.items() if part == "/lite"} == set(LITE.split())
    assert set(found) == set(LITE.split()) | set(OTHERS.split())
    assert (len(LITE.split()), len(found)) == (16, 46)


@pytest.mark.parametrize("id", LITE.split())
def test_lite_counts_for_the_whole_suite_too(id: str) -> None:
    assert id in {item.id for item in competitions.in_suite([competitions.load(id, FOLDER)], "weco-kaggle")}


def test_what_is_not_sure_is_in_no_suite() -> None:
    item = competitions.load("home-data-for-ml-course", FOLDER)
    assert item.unverified and item.suites == ()


@pytest.mark.parametrize("id", LITE.split() + OTHERS.split())
def test_a_split_of_our_own_says_why_and_a_spec_what_it_rests_on(id: str) -> None:
    item = competitions.load(id, FOLDER)
    if "v1" not in item.editions:
        return  # MLE-bench's split
    text = (FOLDER / id / "competition.yaml").read_text(encoding="utf-8")
    assert re.search(r"^  v1:\n    # \w", text, re.MULTILINE), "no reason stands over the split"
    assert item.provenance is not None and item.provenance.confidence in ("read", "known")
    assert item.leaderboard is not None and item.leaderboard.teams is not None


def test_house_prices_has_no_lines_so_places_need_the_users_leaderboard() -> None:
    board = competitions.load("house-prices-advanced-regression-techniques", FOLDER).leaderboard
    assert board is not None and board.teams == 4978
    assert (board.lines, board.quantiles) == (None, None)
