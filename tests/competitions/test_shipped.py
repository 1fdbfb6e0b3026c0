"""What every shipped competition keeps: from raw data to a grade, with nothing of the answers in public."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.grading.grade import grade
from harness.specs import competition as competitions
from harness.specs.check import check
from harness.specs.competition import Competition

FOLDER = Path(__file__).parents[2] / "competitions"
IDS = competitions.ids(FOLDER)
ONE_TABLE = ("spaceship-titanic", "breast-cancer-wisconsin", "digits-8x8", "diabetes-progression")
SAMPLE_SCORES = {"breast-cancer-wisconsin": 0.5, "digits-8x8": 0.1, "diabetes-progression": 87.27434}


def test_there_are_competitions() -> None:
    assert set(ONE_TABLE) <= set(IDS)


@pytest.mark.parametrize("id", IDS)
def test_a_competition_works_from_raw_data_to_a_grade(id: str, tmp_path: Path) -> None:
    found = check(competitions.load(id, FOLDER), folder=tmp_path)
    assert [finding for finding in found if not finding.ok] == []
    assert len(found) >= 10


@pytest.mark.parametrize("id", IDS)
def test_quantiles_if_any_are_101_numbers_best_first(id: str) -> None:
    item = competitions.load(id, FOLDER)
    known = item.leaderboard is not None and item.leaderboard.quantiles is not None
    assert (item.quantiles() is not None) == known


@pytest.fixture(scope="module")
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(params=ONE_TABLE)
def simple(request: pytest.FixtureRequest) -> Competition:
    return competitions.load(request.param, FOLDER)


@pytest.fixture
def prepared(simple: Competition, data_home: Path) -> Prepared:
    """Bundled data, else the stand-in: what can be had anywhere."""
    return prepare(simple, data_home=data_home, stand_in=simple.stand_in is not None)


def test_real_bundled_data_give_their_known_sample_scores(simple: Competition, prepared: Prepared) -> None:
    report = grade(simple, prepared, prepared.sample)
    assert report.score is not None
    if simple.id in SAMPLE_SCORES:
        assert report.score == pytest.approx(SAMPLE_SCORES[simple.id], abs=5e-6)


def test_train_and_test_have_the_same_features(simple: Competition, prepared: Prepared) -> None:
    train, test = (pd.read_csv(prepared.public / name) for name in ("train.csv", "test.csv"))
    assert [name for name in train.columns if name not in simple.submission.predictions] == list(test.columns)


def test_a_plain_model_beats_the_sample_submission(simple: Competition, prepared: Prepared, tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    train, test = (pd.read_csv(prepared.public / name) for name in ("train.csv", "test.csv"))
    (target,) = simple.submission.predictions
    features = [name for name in test.select_dtypes("number").columns if name not in simple.submission.id]
    kind = simple.submission.columns[target].type
    model = (RandomForestRegressor if kind == "number" else RandomForestClassifier)(50, random_state=0)
    model.fit(train[features].fillna(-1), train[target])
    made = test[list(simple.submission.id)].assign(**{target: model.predict(test[features].fillna(-1))})
    made.to_csv(tmp_path / "s.csv", index=False)
    report = grade(simple, prepared, tmp_path / "s.csv")
    sample = grade(simple, prepared, prepared.sample)
    assert report.score is not None and sample.score is not None
    gain = report.score - sample.score
    assert (gain if simple.metric.direction == "maximize" else -gain) > 0.05
