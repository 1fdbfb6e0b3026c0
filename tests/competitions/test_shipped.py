"""What every shipped competition keeps: from raw data to a grade, with nothing of the answers in public."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness import competition as competitions
from harness.competition import Competition
from harness.grade import grade
from harness.manifest import Prepared
from harness.metrics import get_metric
from harness.prepare import prepare

FOLDER = Path(__file__).parents[2] / "competitions"
IDS = competitions.ids(FOLDER)
SAMPLE_SCORES = {"breast-cancer-wisconsin": 0.5, "digits-8x8": 0.1, "diabetes-progression": 87.27434}


@pytest.fixture(scope="module")
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(params=IDS)
def shipped(request: pytest.FixtureRequest) -> Competition:
    return competitions.load(request.param, FOLDER)


@pytest.fixture
def prepared(shipped: Competition, data_home: Path) -> Prepared:
    """Bundled data, else the stand-in: what can be had anywhere."""
    return prepare(shipped, data_home=data_home, stand_in=shipped.stand_in is not None)


def answers(shipped: Competition, prepared: Prepared) -> pd.DataFrame:
    return pd.read_csv(prepared.private / shipped.answers.file)[list(shipped.submission.columns)]


def test_there_are_competitions() -> None:
    assert {"spaceship-titanic", "breast-cancer-wisconsin", "diabetes-progression", "digits-8x8"} <= set(IDS)


def test_the_sample_submission_is_valid_and_at_its_expected_score(shipped: Competition, prepared: Prepared) -> None:
    report = grade(shipped, prepared, prepared.public / shipped.submission.sample_file)
    assert report.valid, report.reason
    if shipped.id in SAMPLE_SCORES:
        assert report.score == pytest.approx(SAMPLE_SCORES[shipped.id], abs=5e-6)


def test_the_answers_score_the_metrics_best_in_any_row_order(
    shipped: Competition, prepared: Prepared, tmp_path: Path
) -> None:
    best = 1.0 if get_metric(shipped.metric.name).direction == "maximize" else 0.0
    perfect = answers(shipped, prepared)
    for number, frame in enumerate([perfect, perfect.sample(frac=1, random_state=0)]):
        frame.to_csv(tmp_path / f"{number}.csv", index=False)
        assert grade(shipped, prepared, tmp_path / f"{number}.csv").score == pytest.approx(best)


def test_a_submission_that_lacks_a_row_is_invalid(shipped: Competition, prepared: Prepared, tmp_path: Path) -> None:
    answers(shipped, prepared).iloc[1:].to_csv(tmp_path / "s.csv", index=False)
    assert not grade(shipped, prepared, tmp_path / "s.csv").valid


def test_public_files_hold_no_answer(shipped: Competition, prepared: Prepared) -> None:
    test = pd.read_csv(prepared.public / "test.csv")
    assert not set(shipped.submission.predictions) & set(test.columns)
    ids = list(shipped.submission.id)
    train = pd.read_csv(prepared.public / "train.csv")
    assert train.merge(test[ids], on=ids).empty


def test_train_and_test_have_the_same_features(shipped: Competition, prepared: Prepared) -> None:
    train, test = (pd.read_csv(prepared.public / name) for name in ("train.csv", "test.csv"))
    assert [name for name in train.columns if name not in shipped.submission.predictions] == list(test.columns)


def test_quantiles_if_any_are_101_numbers_best_first(shipped: Competition) -> None:
    known = shipped.leaderboard is not None and shipped.leaderboard.quantiles is not None
    assert (shipped.quantiles() is not None) == known


def test_the_description_states_files_columns_metric_and_form(shipped: Competition, prepared: Prepared) -> None:
    text = (prepared.public / "description.md").read_text(encoding="utf-8")
    for heading in ("## Data", "## Evaluation", "## Submission"):
        assert heading in text
    for name in ("train.csv", "test.csv", shipped.submission.sample_file, *shipped.submission.columns):
        assert name in text
    better = "Higher is better" if shipped.metric.direction == "maximize" else "Lower is better"
    assert better in text
    header = ",".join(shipped.submission.columns)
    assert f"    {header}\n" in text


def test_a_plain_model_beats_the_sample_submission(shipped: Competition, prepared: Prepared, tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    train, test = (pd.read_csv(prepared.public / name) for name in ("train.csv", "test.csv"))
    (target,) = shipped.submission.predictions
    features = [name for name in test.select_dtypes("number").columns if name not in shipped.submission.id]
    kind = shipped.submission.columns[target].type
    model = (RandomForestRegressor if kind == "number" else RandomForestClassifier)(50, random_state=0)
    model.fit(train[features].fillna(-1), train[target])
    made = test[list(shipped.submission.id)].assign(**{target: model.predict(test[features].fillna(-1))})
    made.to_csv(tmp_path / "s.csv", index=False)
    report = grade(shipped, prepared, tmp_path / "s.csv")
    sample = grade(shipped, prepared, prepared.public / shipped.submission.sample_file)
    assert report.score is not None and sample.score is not None
    gain = report.score - sample.score
    assert (gain if shipped.metric.direction == "maximize" else -gain) > 0.05
