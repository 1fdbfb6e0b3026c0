"""A labelled CSV becomes a competition that works, or the user is told what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from harness import newspec
from harness.cli import app
from harness.errors import UserError
from harness.newspec import Wish
from harness.specs import competition as competitions
from harness.specs.check import check


@pytest.fixture
def train(tmp_path: Path) -> Path:
    rows = range(120)
    table = pd.DataFrame(
        {
            "key": [f"k{row}" for row in rows],
            "size, m": [row / 7 for row in rows],
            "colour": [["red", "blue", None][row % 3] for row in rows],
            "house": [row // 4 for row in rows],
            "price": [row / 7 + 0.5 for row in rows],
            "sold": [row % 2 == 0 for row in rows],
            "kind": [["flat", 'a "villa"', "hut"][row % 3] for row in rows],
            "floors": [row % 4 for row in rows],
        }
    )
    path = tmp_path / "labelled.csv"
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("target", "metric", "group"),
    [
        ("price", None, None),
        ("price", "rmse", "house"),
        ("price", "mae", None),
        ("sold", None, None),
        ("kind", None, None),
        ("kind", "f1_macro_missing", None),
        ("floors", None, "house"),
        ("floors", "quadratic_weighted_kappa", None),
        ("floors", "rmsle", None),
    ],
)
def test_what_is_written_works_from_raw_data_to_grade(
    train: Path, tmp_path: Path, target: str, metric: str | None, group: str | None
) -> None:
    if metric == "f1_macro_missing":
        with pytest.raises(UserError, match="no metric 'f1_macro_missing'; there are: "):
            newspec.write(Wish("mine", train, target, "key", metric, group=group), tmp_path)
        return
    newspec.write(Wish("mine", train, target, "key", metric, group=group), tmp_path)
    item = competitions.load("mine", tmp_path)
    found = check(item, folder=tmp_path)
    assert [finding for finding in found if not finding.ok] == []
    assert item.metric.name == (metric or ("rmse" if target == "price" else "accuracy"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "a b"}, "'a b' can't be an id"),
        ({"train": Path("nowhere.csv")}, "--train nowhere.csv does not exist"),
        ({"target": "prize"}, "--target prize: .* has the columns key, size, m, colour"),
        ({"id_column": "house"}, "--id house: 0 appears more than once"),
        ({"id_column": "price"}, "both 'price'"),
        ({"target": "colour"}, "40 rows of .* lack the id or 'colour'"),
        ({"target": "kind", "metric": "rmse"}, "--metric rmse takes numbers, and 'kind' holds 'flat'"),
        ({"metric": "accuracy"}, "--metric accuracy takes classes, and 'price' holds 120 different values"),
        ({"test": 0.001}, "--test 0.001 of 120 rows leaves nothing on one side"),
        ({"group": "street"}, "--group street"),
    ],
)
def test_a_wish_that_can_not_be_met_says_why_and_leaves_nothing(
    train: Path, tmp_path: Path, change: Mapping[str, object], message: str
) -> None:
    given: dict[str, object] = {"id": "mine", "train": train, "target": "price", "id_column": "key"}
    with pytest.raises(UserError, match=message):
        newspec.write(Wish(**(given | dict(change))), tmp_path / "into")  # type: ignore[arg-type]
    assert not (tmp_path / "into" / "mine").exists()


def test_a_folder_that_is_there_is_never_written_over(train: Path, tmp_path: Path) -> None:
    wish = Wish("mine", train, "price", "key")
    (newspec.write(wish, tmp_path) / "description.md").write_text("mine")
    with pytest.raises(UserError, match="is there already"):
        newspec.write(wish, tmp_path)
    assert (tmp_path / "mine" / "description.md").read_text() == "mine"


def test_the_verbs_work_together(train: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    monkeypatch.setenv("PODIUM_COMPETITIONS", str(folder))
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "home"))
    run = CliRunner().invoke
    made = run(app, ["new", "mine", "--train", str(train), "--target", "price", "--id", "key"])
    assert made.exit_code == 0 and str(folder / "mine") in made.output
    assert run(app, ["check", "mine"]).exit_code == 0
    assert "mine" in {item["id"] for item in json.loads(run(app, ["list", "--json"]).stdout)}
    prepared = json.loads(run(app, ["prepare", "mine", "--json"]).stdout)
    assert prepared["source"] == "raw" and not prepared["stand_in"]
    (folder / "mine" / "description.md").write_text("Guess.")
    spoilt = run(app, ["check", "mine", "--json"])
    assert spoilt.exit_code == 2
    assert [finding["check"] for finding in json.loads(spoilt.stdout) if not finding["ok"]] == ["description"]
