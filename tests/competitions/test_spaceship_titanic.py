"""Spaceship Titanic from its real data: MLE-bench's very bytes, and the grades that follow."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.grading.grade import grade
from harness.grading.leaderboard import medal_ranks
from harness.specs import competition as competitions
from harness.specs.competition import Competition

FOLDER = Path(__file__).parents[2] / "competitions"


@pytest.fixture(scope="module")
def spaceship() -> Competition:
    return competitions.load("spaceship-titanic", FOLDER)


@pytest.fixture(scope="module")
def raw() -> Path:
    folder = os.environ.get("PODIUM_TEST_DATA")
    if not folder or not (Path(folder) / "spaceship-titanic").is_dir():
        pytest.skip("PODIUM_TEST_DATA names no folder that holds spaceship-titanic/")
    return Path(folder) / "spaceship-titanic"


@pytest.fixture(scope="module")
def real(spaceship: Competition, raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(spaceship, data_home=tmp_path_factory.mktemp("data"), raw=raw)


@pytest.mark.data
def test_the_four_files_are_mle_benchs_byte_for_byte(spaceship: Competition, real: Prepared) -> None:
    verdicts = {name: file.checksum for name, file in real.manifest.files.items()}
    assert verdicts == {
        "private/test.csv": "match",
        "public/train.csv": "match",
        "public/test.csv": "match",
        "public/sample_submission.csv": "match",
        "public/description.md": "unknown",
    }


@pytest.mark.data
def test_the_sample_submission_scores_what_mle_bench_states(spaceship: Competition, real: Prepared) -> None:
    report = grade(spaceship, real, real.public / "sample_submission.csv")
    assert report.score is not None and round(report.score, 5) == 0.50345
    assert (report.medal, report.above_median, report.stand_in) == ("none", False, False)
    assert str(report.percentile_note).startswith("other snapshot")


@pytest.mark.data
@pytest.mark.parametrize(
    ("right", "medal", "above"), [(714, "gold", True), (709, "silver", True), (705, "bronze", True)]
)
def test_medals_are_earned_at_mle_benchs_lines(
    spaceship: Competition, real: Prepared, tmp_path: Path, right: int, medal: str, above: bool
) -> None:
    answers = pd.read_csv(real.private / "test.csv")[["PassengerId", "Transported"]]
    assert len(answers) == 870
    for correct, expected in ((right, medal), (right - 1, None)):
        wrong = answers.copy()
        wrong.loc[correct:, "Transported"] = ~wrong.loc[correct:, "Transported"]
        wrong.to_csv(tmp_path / "s.csv", index=False)
        report = grade(spaceship, real, tmp_path / "s.csv")
        assert report.above_median is above
        assert report.medal == expected if expected else report.medal != medal


@pytest.mark.data
def test_the_fixed_edition_keeps_travel_groups_together(spaceship: Competition, raw: Path, tmp_path: Path) -> None:
    fixed = prepare(spaceship, data_home=tmp_path, raw=raw, edition="fixed")
    train, test = (pd.read_csv(fixed.public / name).PassengerId.str[:4] for name in ("train.csv", "test.csv"))
    assert not set(train) & set(test)
    assert len(test) / (len(train) + len(test)) == pytest.approx(0.1, abs=0.01)


@pytest.mark.data
def test_the_stand_in_has_the_real_datas_columns_types_and_gaps(
    spaceship: Competition, raw: Path, tmp_path: Path
) -> None:
    made = prepare(spaceship, data_home=tmp_path, stand_in=True)
    real, fake = pd.read_csv(raw / "train.csv"), pd.read_csv(made.public / "train.csv")
    assert fake.dtypes.to_dict() == real.dtypes.to_dict()
    assert list(fake.columns) == list(real.columns)
    assert abs(fake.isna().mean() - real.isna().mean()).max() < 0.02
    for name in ("HomePlanet", "Destination", "CryoSleep", "VIP"):
        assert set(fake[name].dropna()) == set(real[name].dropna())
    for name in ("PassengerId", "Cabin", "Name"):
        shapes = [
            set(frame[name].dropna().str.replace(r"\d+", "9", regex=True).str.replace(r"[A-Za-z]+", "a", regex=True))
            for frame in (fake, real)
        ]
        assert shapes[0] <= shapes[1]


def test_gold_silver_and_bronze_are_in_order(spaceship: Competition) -> None:
    board = spaceship.leaderboard
    assert board is not None and board.gold > board.silver > board.bronze > board.median
    quantiles = spaceship.quantiles()
    assert quantiles is not None
    # two snapshots of a rolling board: the quantile at bronze's rank is near its line, not on it
    place = round(100 * medal_ranks(board.teams)[2] / board.teams)
    assert quantiles[place] == pytest.approx(board.bronze, abs=0.01)
