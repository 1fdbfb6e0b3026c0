"""The search view of prepared data: what it shows, what it holds back, and where there can't be one."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.data import search_view
from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.data.prepare_search import perfect_submission, prepare_search, refuse, why_not
from harness.data.search_view import SearchView
from harness.errors import UserError
from harness.grading.grade import grade
from harness.grading.scorer import Scorer, Scores
from harness.specs import competition as competitions

FOLDER = Path(__file__).parents[3] / "competitions"
IDS = competitions.ids(FOLDER)
ALLOW = [name for name in IDS if why_not(competitions.load(name, FOLDER)) is None]


def made(name: str, home: Path) -> tuple[competitions.Competition, Prepared, SearchView]:
    item = competitions.load(name, FOLDER)
    prepared = prepare(item, data_home=home, stand_in=item.stand_in is not None)
    return item, prepared, prepare_search(item, prepared, data_home=home)


def texts(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_most_competitions_of_tables_and_labelled_pictures_allow_it() -> None:
    assert len(ALLOW) >= 79
    assert {"spaceship-titanic", "dog-breed-identification", "plant-seedlings-classification"} <= set(ALLOW)


@pytest.mark.parametrize("name", ALLOW)
def test_the_truth_of_held_back_rows_scores_perfectly_and_stands_nowhere_in_the_view(name: str, tmp_path: Path) -> None:
    """Making it tries both out; here they are tried once more, and whatever is test stays test."""
    item, prepared, view = made(name, tmp_path)
    spec = item.submission
    path = tmp_path / "perfect.csv"
    perfect_submission(item, view).to_csv(path, index=False)
    best = item.scorer().perfect if item.answers.perfect_score is None else item.answers.perfect_score
    assert Scorer(item, view).score(path) == pytest.approx(Scores(best, best), abs=1e-5)
    rows = view.manifest
    assert min(rows.search_rows, rows.pick_rows) >= 1 and rows.test_rows == len(texts(prepared.sample))
    assert len(texts(view.sample)) == rows.search_rows + rows.pick_rows + rows.test_rows
    table = search_view.as_public(spec, view, prepared.sample, path)
    assert table[list(spec.id)].astype(str).equals(texts(prepared.sample)[list(spec.id)].astype(str))
    table.to_csv(tmp_path / "public.csv", index=False)
    assert grade(item, prepared, tmp_path / "public.csv").reason is None


def test_train_rows_are_the_ordinary_ones_without_those_held_back(home: Path) -> None:
    _, prepared, view = made("spaceship-titanic", home)
    ordinary, seen = (set(texts(folder / "train.csv")["PassengerId"]) for folder in (prepared.public, view.public))
    held = {*texts(view.search_truth)["PassengerId"], *texts(view.pick_truth)["PassengerId"]}
    assert seen | held == ordinary and not seen & held
    test = texts(view.public / "test.csv")
    assert "Transported" not in test.columns
    assert set(test["PassengerId"]) == held | set(texts(prepared.public / "test.csv")["PassengerId"])


def test_groups_are_not_divided_between_what_is_seen_and_what_is_held_back(home: Path) -> None:
    _, _, view = made("ventilator-pressure-prediction", home)
    parts = [set(texts(path)["breath_id"]) for path in (view.public / "train.csv", view.search_truth, view.pick_truth)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]


def test_held_back_rows_of_a_split_by_time_are_later_than_those_seen(home: Path) -> None:
    _, _, view = made("playground-series-s3e19", home)
    seen, held = (pd.to_datetime(texts(path)["date"]) for path in (view.public / "train.csv", view.search_truth))
    assert seen.max() < held.min()


def test_pictures_go_where_their_rows_go(home: Path) -> None:
    _, prepared, view = made("dog-breed-identification", home)
    held = [*texts(view.search_truth)["id"], *texts(view.pick_truth)["id"]]
    assert all((view.public / "test" / f"{name}.jpg").is_file() for name in held)
    assert not any((view.public / "train" / f"{name}.jpg").exists() for name in held)
    assert all((prepared.public / "train" / f"{name}.jpg").is_file() for name in held)


def test_labels_are_for_the_owner_alone_and_the_view_is_for_every_user_of_the_box(home: Path) -> None:
    _, _, view = made("digits-8x8", home)
    mode = lambda path: stat.S_IMODE(path.stat().st_mode)  # noqa: E731
    assert (mode(view.search_truth.parent), mode(view.search_truth)) == (0o700, 0o600)
    assert (mode(view.public), mode(view.public / "train.csv")) == (0o755, 0o644)


def test_a_view_is_made_once_and_goes_with_the_data_that_it_was_made_of(tmp_path: Path) -> None:
    item, prepared, view = made("digits-8x8", tmp_path)
    before = (view.folder / "manifest.json").stat().st_mtime_ns
    assert prepare_search(item, prepared, data_home=tmp_path) == view
    assert (view.folder / "manifest.json").stat().st_mtime_ns == before
    assert search_view.find(prepared.folder, "0" * 64) is None


def test_where_raw_data_are_no_longer_those_it_is_refused(tmp_path: Path) -> None:
    from harness.standin import write

    item = competitions.load("spaceship-titanic", FOLDER)
    assert item.stand_in is not None
    (tmp_path / "raw").mkdir()
    write(item.stand_in, tmp_path / "raw", item.folder)
    prepared = prepare(item, data_home=tmp_path / "data", raw=tmp_path / "raw")
    train = tmp_path / "raw" / "train.csv"
    train.write_bytes(train.read_bytes().replace(b"Earth", b"Venus", 1))
    with pytest.raises(UserError, match="are not those that it was prepared from"):
        prepare_search(item, prepared, data_home=tmp_path / "data")
    assert not (prepared.folder / "search").exists()


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("denoising-dirty-documents", "its split is code of the competition's own"),
        ("herbarium-2020-fgvc7", "its pictures are divided by a metadata file"),
        ("jigsaw-unintended-bias-in-toxicity-classification", "its training table is a raw file"),
        ("detecting-insults-in-social-commentary", "an id may stand in several rows"),
    ],
)
def test_where_rows_cannot_be_held_back_the_reason_is_told_with_what_would_work(name: str, because: str) -> None:
    with pytest.raises(UserError, match=because) as refused:
        refuse(competitions.load(name, FOLDER))
    assert "podium list --validation hidden-split" in str(refused.value)


def test_the_list_shows_where_it_can_be_done() -> None:
    listed = CliRunner().invoke(app, ["list", "--validation", "hidden-split", "--json"])
    assert listed.exit_code == 0 and [item["id"] for item in json.loads(listed.stdout)] == sorted(ALLOW)
