"""A folder of data becomes a competition that works, and a run of it hands out what its user came for."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import harness
from harness import config
from harness.config import Settings
from harness.data.prepare import prepare
from harness.errors import InvalidSpec, UserError
from harness.grading.grade import NO_LABELS, grade
from harness.grading.grade_nodes import grade_nodes
from harness.runs.dataset import Choices, understand
from harness.runs.solving import Wanted, hand_out, make_competition
from harness.specs import catalogue, competition
from harness.specs.check import check
from harness.specs.competition import Competition
from tests.harness import pages, records


def table(rows: int = 60) -> pd.DataFrame:
    numbers = range(rows)
    return pd.DataFrame(
        {
            "Id": [f"r{row}" for row in numbers],
            "x": [row / 7 for row in numbers],
            "note": ['a "quoted"\nline' if row % 9 == 0 else "007" for row in numbers],
            "price": [row / 7 + 0.5 for row in numbers],
            "kind": [["flat", "villa", "hut"][row % 3] for row in numbers],
            "sold": [row % 2 == 0 for row in numbers],
            "code": [row % 2 for row in numbers],
            "agreed": ["Yes" if row % 3 else "No" for row in numbers],
        }
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made = tmp_path / "House prices"
    made.mkdir()
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def made(wanted: Wanted, home: Path) -> Competition:
    id, _ = make_competition(wanted, home)
    return competition.load(id, home / "solved")


@pytest.mark.parametrize(
    ("target", "metric", "expected"),
    [
        ("price", None, "rmse"),
        ("price", "RMSE of the log price", "rmsle"),
        ("kind", None, "accuracy"),
        ("kind", "macro f1", "macro_f1"),
        ("sold", None, "accuracy"),
        ("code", "auc", "roc_auc"),
        ("sold", "auc", "roc_auc"),
        ("code", "log loss", "log_loss"),
        ("agreed", "auc", "roc_auc"),
        ("agreed", None, "accuracy"),
    ],
)
def test_of_one_table_rows_are_held_out_and_graded(
    data: Path, home: Path, target: str, metric: str | None, expected: str, tmp_path: Path
) -> None:
    table().to_csv(data / "homes.csv", index=False)
    item = made(Wanted(data, "Guess.", metric, Choices(target=target)), home)
    assert [finding for finding in check(item, folder=tmp_path) if not finding.ok] == []
    assert item.metric.name == expected and not item.unlabelled
    prepared = prepare(item, data_home=home / "data")
    assert len(pd.read_csv(prepared.public / "test.csv")) == 12  # a fifth
    assert "Guess." in (prepared.public / "description.md").read_text()


def test_without_labels_a_submission_is_checked_and_never_scored(data: Path, home: Path, tmp_path: Path) -> None:
    rows = table().drop(columns=["kind", "sold", "code", "agreed"])
    rows[:40].to_csv(data / "train.csv", index=False)
    rows[40:].drop(columns="price").to_csv(data / "test.csv", index=False)
    (data / "docs").mkdir()
    (data / "docs" / "about.txt").write_text("x")
    item = made(Wanted(data), home)
    assert item.unlabelled and [finding for finding in check(item, folder=tmp_path) if not finding.ok] == []
    prepared = prepare(item, data_home=home / "data")
    assert (prepared.public / "docs/about.txt").read_text() == "x"
    assert (prepared.public / "train.csv").read_bytes() == (data / "train.csv").read_bytes()
    assert list(prepared.private.iterdir()) == []
    report = grade(item, prepared, prepared.sample)
    assert (report.valid, report.score, report.medal, report.reason) == (True, None, None, NO_LABELS)
    prepared.sample.chmod(0o644)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("Id,price\nr1,1\n")
    assert not grade(item, prepared, wrong).valid and not grade(item, prepared, None).valid
    group = records.group_at(tmp_path / "g")
    record = records.record("g", item.id)
    same = record.data.model_copy(update={"data_sha256": prepared.manifest.fingerprint})
    folder = records.write(group, record.model_copy(update={"data": same}), report)
    with pytest.raises(UserError, match="nobody here knows the labels"):
        grade_nodes(folder, record.model_copy(update={"data": same}), item, prepared)


def test_labels_in_the_test_file_are_kept_from_the_agent(data: Path, home: Path, tmp_path: Path) -> None:
    rows = table().drop(columns=["kind", "sold", "code", "agreed"])
    rows[:40].to_csv(data / "train.csv", index=False)
    rows[40:].to_csv(data / "test.csv", index=False)
    item = made(Wanted(data, choices=Choices(target="price")), home)
    assert [finding for finding in check(item, folder=tmp_path) if not finding.ok] == []
    prepared = prepare(item, data_home=home / "data")
    assert "price" not in pd.read_csv(prepared.public / "test.csv").columns
    perfect = tmp_path / "perfect.csv"
    rows[40:][["Id", "price"]].to_csv(perfect, index=False)
    assert grade(item, prepared, perfect).score == pytest.approx(0, abs=1e-9)


def test_rows_without_a_name_get_a_number_and_their_text_stays_as_it_is(data: Path, home: Path) -> None:
    rows = table().drop(columns=["Id", "kind", "sold", "code", "agreed"])
    rows[:40].to_csv(data / "train.csv", index=False)
    rows[40:].drop(columns="price").to_csv(data / "test.csv", index=False)
    prepared = prepare(made(Wanted(data), home), data_home=home / "data")
    public = pd.read_csv(prepared.public / "test.csv", dtype=str)
    assert public["row_id"].tolist() == [str(row) for row in range(40, 60)]
    assert public["note"].tolist() == rows[40:]["note"].tolist()
    assert pd.read_csv(prepared.sample).columns.tolist() == ["row_id", "price"]


def test_the_users_own_sample_submission_is_the_sample(data: Path, home: Path) -> None:
    rows = table().drop(columns=["kind", "sold", "code", "agreed"])
    rows[:40].to_csv(data / "train.csv", index=False)
    rows[40:].drop(columns="price").to_csv(data / "test.csv", index=False)
    rows[40:][["Id"]].assign(price=7.5).to_csv(data / "gender_submission.csv", index=False)
    prepared = prepare(made(Wanted(data), home), data_home=home / "data")
    assert (prepared.public / "gender_submission.csv").read_bytes() == prepared.sample.read_bytes()
    assert not (prepared.public / "sample_submission.csv").exists()


def test_the_same_wish_finds_the_same_competition_and_another_makes_another(data: Path, home: Path) -> None:
    table().to_csv(data / "homes.csv", index=False)
    first = Wanted(data, choices=Choices(target="price"))
    id, _ = make_competition(first, home)
    assert id.startswith("house-prices-") and make_competition(first, home)[0] == id
    assert make_competition(Wanted(data, "Other words.", choices=Choices(target="price")), home)[0] != id
    table(80).to_csv(data / "homes.csv", index=False)
    assert make_competition(first, home)[0] != id
    assert len(list((home / "solved").iterdir())) == 3


def test_a_wish_that_can_not_be_met_leaves_nothing(data: Path, home: Path) -> None:
    table().to_csv(data / "homes.csv", index=False)
    with pytest.raises(UserError, match="--metric roc_auc takes numbers, and 'kind' holds 'flat'"):
        make_competition(Wanted(data, metric="auc", choices=Choices(target="kind")), home)
    assert list((home / "solved").iterdir()) == []


def test_made_competitions_are_in_the_catalogue(settings: Settings, data: Path) -> None:
    table().to_csv(data / "homes.csv", index=False)
    id, _ = make_competition(Wanted(data, choices=Choices(target="price")), settings.home)
    assert catalogue.of(settings).load(id).title == "House prices"


def test_labels_are_either_stated_or_said_to_be_unknown(write_demo) -> None:
    for spec in (("answers: {file: answers.csv}\n", ""), ("answers:", "unlabelled: true\nanswers:")):
        folder = write_demo(spec)
        with pytest.raises(InvalidSpec, match="name the private file that holds the truth, or say unlabelled"):
            competition.load("demo", folder)


def test_what_is_handed_out_is_whole_and_says_what_scores_are_of(
    data: Path, settings: Settings, tmp_path: Path
) -> None:
    table().to_csv(data / "homes.csv", index=False)
    dataset = understand(data, Choices(target="price"))
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "toy"), records.grade("toy", score=0.75))
    chosen = {"type": "best", "node": "n0001", "score": 0.7}
    pages.write_journal(folder.journal, [pages.node(1, 0.7, code="print(1)\n"), chosen])
    folder.submission.write_text("Id,price\nr1,1\n")
    (settings.data / "toy" / "public").mkdir(parents=True)
    for _ in range(2):  # over what an earlier one left, too
        solved = hand_out(folder, group, dataset, tmp_path / "out", settings)
    assert (solved.validation_score, solved.test_score, solved.code, solved.nodes) == (0.7, 0.75, "print(1)\n", 1)
    assert solved.test_note == "on rows of homes.csv that were held out, whose labels the agent never saw"
    assert {*solved.files} == {
        *("solve.json", "solution.py", "solution.ipynb", "predictions.csv", "tree.json", "tree.svg")
    }
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*solved.files, "input", "working"}
    assert (tmp_path / "out" / "input").resolve() == (settings.data / "toy" / "public").resolve()
    assert json.loads((tmp_path / "out" / "solve.json").read_text())["target"] == "price"


def test_a_run_without_a_solution_hands_out_what_there_is(data: Path, settings: Settings, tmp_path: Path) -> None:
    table().to_csv(data / "homes.csv", index=False)
    dataset = understand(data, Choices(target="price"))
    group = records.group_at(tmp_path / "g")
    folder = records.write(group, records.record("g", "toy"), records.grade("toy", None))
    pages.write_journal(folder.journal, [pages.node(1, None, "Traceback")])
    solved = hand_out(folder, group, dataset, tmp_path / "out", settings)
    assert (solved.code, solved.validation_score, solved.test_score) == (None, None, None)
    assert solved.nodes == 1 and "solution.py" not in solved.files and "tree.json" in solved.files


def test_an_option_that_there_is_not_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "load", lambda environ: pytest.fail("nothing is to be started"))
    with pytest.raises(UserError, match="no option 'step'; there are: "):
        harness.solve(data, step=3)
