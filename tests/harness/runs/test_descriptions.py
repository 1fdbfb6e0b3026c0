"""What the agent is told: our own text, Kaggle's, or one that does not say which competition it is."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.data.fake_kaggle import Behaviour, FakeKaggle
from harness.data.manifest import Prepared
from harness.data.prepare import prepare
from harness.errors import DownloadError, UserError
from harness.specs import competition as competitions
from harness.specs import descriptions
from harness.specs.competition import Competition

SHIPPED = Path(__file__).parents[3] / "competitions"


@pytest.fixture(scope="module")
def spaceship(tmp_path_factory: pytest.TempPathFactory) -> tuple[Competition, Prepared]:
    item = competitions.load("spaceship-titanic", SHIPPED)
    return item, prepare(item, data_home=tmp_path_factory.mktemp("data"), stand_in=True)


def test_our_own_text_is_shown_as_it_lies_in_the_data(spaceship: tuple[Competition, Prepared], tmp_path: Path) -> None:
    item, prepared = spaceship
    own = descriptions.choose("own", item, prepared, tmp_path)
    assert own.text == (prepared.public / "description.md").read_text()
    assert own.lay_out(tmp_path / "d.md") is None


def test_the_obfuscated_one_says_what_is_to_be_done_and_not_where_it_comes_from(
    spaceship: tuple[Competition, Prepared], tmp_path: Path
) -> None:
    item, prepared = spaceship
    hidden = descriptions.choose("obfuscated", item, prepared, tmp_path)
    for needed in (
        "train.csv",
        "test.csv",
        "sample_submission.csv",
        "accuracy",
        "Higher is better",
        "PassengerId,Transported",
    ):
        assert needed in hidden.text
    for word in ("spaceship", "titanic", "kaggle", "mle-bench", "galax"):
        assert not re.search(word, hidden.text, re.IGNORECASE)
    laid = hidden.lay_out(tmp_path / "d.md")
    assert laid is not None and laid.read_text() == hidden.text and laid.stat().st_mode & 0o777 == 0o644


def test_the_request_names_no_competition_then(spaceship: tuple[Competition, Prepared]) -> None:
    item, _ = spaceship
    brief = descriptions.brief("obfuscated", item)
    assert (brief.id, brief.title, brief.metric, brief.direction) == ("task", "Task", "accuracy", "maximize")
    assert descriptions.brief("kaggle", item).id == item.id


def test_a_plan_that_hides_the_competition_hides_it_in_all_that_the_agent_gets(plan, spaceship, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from dataclasses import replace

    open_plan = plan()
    item, prepared = open_plan.competition, open_plan.prepared
    hidden = replace(open_plan, description=descriptions.choose("obfuscated", item, prepared, tmp_path))
    assert item.id not in hidden.request().model_dump_json()
    assert item.id in open_plan.request().model_dump_json()
    assert hidden.sha256() != open_plan.sha256()
    assert item.id in hidden.run_id  # in our own records it stays what it is


def test_kaggles_own_text_has_to_be_fetched_first(spaceship: tuple[Competition, Prepared], tmp_path: Path) -> None:
    item, prepared = spaceship
    with pytest.raises(UserError, match="podium prepare spaceship-titanic --kaggle-description"):
        descriptions.choose("kaggle", item, prepared, tmp_path)
    descriptions.fetched(item, tmp_path).parent.mkdir()
    descriptions.fetched(item, tmp_path).write_text("as it was")
    assert descriptions.choose("kaggle", item, prepared, tmp_path).text == "as it was"


def test_kaggles_text_is_fetched_with_the_users_credentials(
    spaceship: tuple[Competition, Prepared], tmp_path: Path
) -> None:
    item, prepared = spaceship
    pages = {
        "Description": "<h2>Story</h2><p>A <b>ship</b>.</p>",
        "Evaluation": "<p>Accuracy.</p>",
        "rules": "<p>No.</p>",
    }
    with FakeKaggle(pages=pages) as kaggle:
        path = descriptions.fetch(item, tmp_path, kaggle.environ(os.environ, str(tmp_path)))
    text = path.read_text()
    assert text.startswith("# Spaceship Titanic\n") and "A **ship**." in text and "## Evaluation\n\nAccuracy." in text
    assert "No." not in text
    assert descriptions.choose("kaggle", item, prepared, tmp_path).text == text


def test_prepare_fetches_it_on_demand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeKaggle(pages={"description": "<p>A ship.</p>"}) as kaggle:
        for name, value in kaggle.environ(os.environ, str(tmp_path)).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "home"))
        ended = CliRunner().invoke(app, ["prepare", "spaceship-titanic", "--stand-in", "--kaggle-description"])
    assert ended.exit_code == 0, ended.output
    assert "A ship." in (tmp_path / "home" / "descriptions" / "spaceship-titanic.md").read_text()


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (Behaviour.RULES_NOT_ACCEPTED, "accept the competition's rules at https://www.kaggle.com/c/spaceship-titanic"),
        (Behaviour.UNKNOWN, "knows no such competition"),
        (Behaviour.SERVES, "lists no page of description"),
    ],
)
def test_what_kaggle_refuses_is_said_and_nothing_is_kept(
    spaceship: tuple[Competition, Prepared], tmp_path: Path, behaviour: Behaviour, message: str
) -> None:
    item, _ = spaceship
    with FakeKaggle(behaviour=behaviour) as kaggle, pytest.raises(DownloadError, match=message):
        descriptions.fetch(item, tmp_path, kaggle.environ(os.environ, str(tmp_path)))
    assert not descriptions.fetched(item, tmp_path).exists()


def test_a_competition_that_is_not_on_kaggle_has_no_text_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="digits-8x8 is not on Kaggle"):
        descriptions.fetch(competitions.load("digits-8x8", SHIPPED), tmp_path, {})


def test_another_kind_is_an_error() -> None:
    with pytest.raises(UserError, match="--description short: choose one of own, kaggle, obfuscated"):
        descriptions.parse("short")


def test_where_rows_are_held_back_the_agent_is_told_what_that_means_for_its_scripts(
    spaceship: tuple[Competition, Prepared], tmp_path: Path
) -> None:
    item, prepared = spaceship
    own = descriptions.choose("own", item, prepared, tmp_path)
    noted = replace(own, note=descriptions.HELD_BACK_NOTE)
    shown = noted.lay_out(tmp_path / "d.md")
    assert shown is not None and shown.read_text().startswith(own.text.rstrip())
    assert "labels are held back" in shown.read_text() and noted.sha256 != own.sha256
