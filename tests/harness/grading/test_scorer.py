"""Scores on held-back training rows: the metric's own, of nothing else, and of no use to whoever works labels out."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.data import search_view
from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.data.prepare_search import perfect_submission, prepare_search
from harness.data.search_view import SearchView
from harness.errors import InvalidSubmission
from harness.grading.grade import grade
from harness.grading.scorer import Scorer, Scores
from harness.specs import competition as competitions
from harness.specs.competition import Competition

FOLDER = Path(__file__).parents[3] / "competitions"
Made = tuple[Competition, Prepared, SearchView]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """1,347 training rows of ten classes, accuracy: bundled, real."""
    item = competitions.load("digits-8x8", FOLDER)
    home = tmp_path_factory.mktemp("data")
    prepared = prepare(item, data_home=home)
    return item, prepared, prepare_search(item, prepared, data_home=home)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(table: pd.DataFrame, name: str = "submission.csv") -> Path:
        table.to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return to_file


def test_each_part_has_the_competitions_own_score(digits: Made, write: Any) -> None:
    item, _, view = digits
    table = perfect_submission(item, view)
    wrong = pd.read_csv(view.search_truth, dtype=str)["id"][: view.manifest.search_rows // 4]
    table.loc[table["id"].isin(wrong), "digit"] = table["digit"].map(lambda digit: str((int(digit) + 1) % 10))
    found = Scorer(item, view).score(write(table))
    assert found.search == pytest.approx(1 - len(wrong) / view.manifest.search_rows) and found.pick == 1.0


def test_what_breaks_a_rule_has_no_score_and_says_which(digits: Made, write: Any) -> None:
    item, _, view = digits
    with pytest.raises(InvalidSubmission, match="is missing"):
        Scorer(item, view).score(write(perfect_submission(item, view).iloc[1:]))


def test_test_rows_play_no_part(digits: Made, write: Any) -> None:
    item, _, view = digits
    table = perfect_submission(item, view)
    test = pd.read_csv(view.test_ids, dtype=str)["id"]
    table.loc[table["id"].isin(test), "digit"] = "7"
    assert Scorer(item, view).score(write(table)) == Scores(1.0, 1.0)


def test_the_scorer_opens_no_file_outside_the_search_view(digits: Made, write: Any, tmp_path: Path) -> None:
    """It works where nothing but the view is left, and an audit of every file that is opened agrees."""
    item, _, view = digits
    alone = tmp_path / "elsewhere" / "search"
    shutil.copytree(view.folder, alone)
    moved, path = SearchView(alone, view.manifest), write(perfect_submission(item, view))
    opened: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and isinstance(arguments[0], str):
            opened.append(arguments[0])

    sys.addaudithook(hook)
    try:
        assert Scorer(item, moved).score(path) == Scores(1.0, 1.0)
    finally:
        watching = False
    data = [name for name in opened if name.endswith(".csv")]
    assert len(data) >= 4 and all(name == str(path) or name.startswith(str(alone)) for name in data)
    assert not any("private" in name for name in opened)


@pytest.mark.parametrize(
    ("score", "told"), [(0.123456789, 0.12346), (123456.789, 123460.0), (0.99999949, 1.0), (-2.5, -2.5)]
)
def test_five_digits_are_told(score: float, told: float) -> None:
    assert Scores(score, 0.5).told == told


def test_what_a_metric_says_of_values_that_it_cannot_take_is_not_passed_on(digits: Made, write: Any) -> None:
    class Telling:
        takes = "labels"

        def score(self, *_: Any) -> float:
            raise InvalidSubmission("row 3 should have been a 7")

    item, _, view = digits
    scorer = Scorer(item, view)
    scorer._metric = Telling()  # type: ignore[assignment]
    with pytest.raises(InvalidSubmission, match="can't be computed") as refused:
        scorer.score(write(perfect_submission(item, view)))
    assert "7" not in str(refused.value)


def test_an_agent_that_climbs_on_its_scores_gains_nothing_on_the_rows_that_decide(digits: Made, write: Any) -> None:
    """Guess, keep what scores better, as often as a long run may: the guided score rises, the other two do not."""
    item, prepared, view = digits
    scorer, rng = Scorer(item, view), np.random.default_rng(0)
    sample = pd.read_csv(view.sample)
    best, first, score = None, None, -1.0
    for _ in range(150):
        guess = sample.copy() if best is None else best.copy()
        rows = np.arange(len(guess)) if best is None else rng.choice(len(guess), 40, replace=False)
        guess.loc[rows, "digit"] = rng.integers(0, 10, len(rows))
        found = scorer.score(write(guess))
        first = first or found
        if found.told > score:
            best, score, last = guess, found.told, found
    assert first is not None and best is not None
    assert last.search > first.search + 0.05
    assert abs(last.pick - 0.1) < 0.08
    table = search_view.as_public(item.submission, view, prepared.sample, write(best))
    report = grade(item, prepared, write(table, "public.csv"))
    assert report.score is not None and abs(report.score - 0.1) < 0.05
