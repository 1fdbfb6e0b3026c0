"""Specs: what loads, and that a mistake is told with its file, line and field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InvalidSpec, UserError
from harness.specs import competition as competitions
from harness.specs.competition import Competition

Write = Callable[..., Path]


def line_with(folder: Path, text: str) -> int:
    lines = (folder / "demo" / "competition.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("old", "new", "field", "complaint"),
    [
        ("title: A demo\n", "", "title", "Field required"),
        (
            "test: 0.25, seed: 0}\n  fixed",
            "test: much, seed: 0}\n  fixed",
            "editions.v1.split.test",
            "number",
        ),
        ("name: accuracy", "name: acuracy", "metric", "no metric 'acuracy'; there are: accuracy"),
        ("direction: maximize", "direction: minimize", "metric", "contradicts metric 'accuracy', to maximize"),
        ("recipe: random_rows", "recipe: random", "editions.v1.split", "random"),
        ("default_edition: v1", "default_edition: v2", "(whole file)", "'v2' is not one of"),
        ("  id: key", "  id: nokey", "submission", "id 'nokey' is not among the columns"),
        ("answers: {file: answers.csv}", "answers: {file: ../answers.csv}", "answers.file", "inside its folder"),
        ("weights: {x: 1}", "weights: {z: 1}", "stand_in.files.train.csv", "'z', which is not drawn before it"),
        ("  id: key", "  id: key\n  colour: red", "submission.colour", "Extra inputs are not permitted"),
        ("quantiles: quantiles.json,", "quantiles: 7,", "leaderboard.quantiles", "valid string"),
        ("schema_version: 1", "schema_version: 2", "schema_version", "1"),
        ("name: accuracy", "name: roc_auc", "(whole file)", "'roc_auc' takes numbers, column 'y' is of type 'boolean'"),
        (
            "{name: accuracy, direction: maximize}",
            "{name: rmsle, direction: minimize}",
            "(whole file)",
            "takes numbers",
        ),
    ],
)
def test_a_mistake_is_told_with_file_line_and_field(
    write_demo: Write, old: str, new: str, field: str, complaint: str
) -> None:
    folder = write_demo((old, new))
    with pytest.raises(InvalidSpec) as caught:
        competitions.load("demo", folder)
    message = str(caught.value)
    assert message.startswith(f"{folder / 'demo' / 'competition.yaml'}:")
    assert f": {field}: " in message
    assert complaint in message


@pytest.mark.parametrize(
    ("metric", "column", "complaint"),
    [
        ("{name: rmsle, direction: minimize}", "{type: number}", "'rmsle' is defined from -1 to inf: narrow the range"),
        ("{name: log_loss, direction: minimize}", "{type: number, minimum: 0}", "'log_loss' is defined from 0 to 1"),
        ("{name: mcc, direction: maximize}", "{type: integer}", "'mcc' takes labels"),
    ],
)
def test_a_submission_must_not_be_able_to_leave_the_metrics_domain(
    write_demo: Write, metric: str, column: str, complaint: str
) -> None:
    folder = write_demo(("{name: accuracy, direction: maximize}", metric), ("{type: boolean, sample: false}", column))
    with pytest.raises(InvalidSpec, match=complaint):
        competitions.load("demo", folder)


def test_the_line_is_the_one_that_holds_the_field(write_demo: Write) -> None:
    folder = write_demo(("bronze: 0.7", "bronze: much"))
    with pytest.raises(InvalidSpec) as caught:
        competitions.load("demo", folder)
    assert f"competition.yaml:{line_with(folder, 'bronze: much')}: leaderboard.bronze: " in str(caught.value)


def test_every_mistake_is_told_at_once(write_demo: Write) -> None:
    folder = write_demo(("bronze: 0.7", "bronze: much"), ("title: A demo\n", ""))
    with pytest.raises(InvalidSpec, match=r"title: Field required(.|\n)*leaderboard\.bronze"):
        competitions.load("demo", folder)


def test_a_key_may_override_one_that_is_merged_in(write_demo: Write) -> None:
    merged = "schema_version: 1\n<<: {title: Another}\n"
    assert competitions.load("demo", write_demo(("schema_version: 1\n", merged))).title == "A demo"


def test_a_repeated_key_is_refused(write_demo: Write) -> None:
    folder = write_demo(("title: A demo", "title: A demo\ntitle: Another"))
    with pytest.raises(InvalidSpec, match=r"competition\.yaml:4: title: given twice \(first in line 3\)"):
        competitions.load("demo", folder)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [1", r":1: not YAML|:2: not YAML"),
        ("", ":1: expected a mapping of fields, found nothing"),
        ("- 1", ":1: expected a mapping"),
        ("a: !!python/object/apply:os.system [true]", ":1: not YAML"),
    ],
)
def test_what_is_not_a_mapping_in_yaml_is_refused(write_demo: Write, text: str, complaint: str) -> None:
    folder = write_demo()
    (folder / "demo" / "competition.yaml").write_text(text)
    with pytest.raises(InvalidSpec, match=complaint):
        competitions.load("demo", folder)


def test_an_unknown_id_names_its_neighbours(write_demo: Write) -> None:
    with pytest.raises(UserError, match=r"no competition 'demi'.*did you mean demo\?"):
        competitions.load("demi", write_demo())


@pytest.mark.parametrize("id", ["../demo", "demo/../demo", ".", ""])
def test_an_id_is_not_a_path(write_demo: Write, id: str) -> None:
    with pytest.raises(UserError, match="no competition"):
        competitions.load(id, write_demo())


def test_the_id_is_the_folders_name(write_demo: Write) -> None:
    with pytest.raises(InvalidSpec, match="'other' differs from the folder's name 'demo'"):
        competitions.load("demo", write_demo(("id: demo", "id: other")))


def test_a_description_is_required(write_demo: Write) -> None:
    folder = write_demo()
    (folder / "demo" / "description.md").unlink()
    with pytest.raises(InvalidSpec, match=r"description\.md is missing"):
        competitions.load("demo", folder)


def test_a_part_of_a_suites_name_is_a_suite(demo: Competition) -> None:
    assert competitions.in_suite([demo], "demo") == competitions.in_suite([demo], "demo/small") == [demo]
    with pytest.raises(UserError, match="no suite 'large'; there are: demo, demo/small"):
        competitions.in_suite([demo], "large")


def test_an_unknown_edition_names_the_others(demo: Competition) -> None:
    assert demo.edition()[0] == "v1"
    with pytest.raises(UserError, match="no edition 'v9'; choose one of: v1, fixed"):
        demo.edition("v9")


@pytest.mark.parametrize("quantiles", [[0.5] * 100, list(range(101)), "none", [None] * 101])
def test_quantiles_are_101_numbers_best_first(write_demo: Write, quantiles: object) -> None:
    folder = write_demo()
    (folder / "demo" / "quantiles.json").write_text(json.dumps(quantiles))
    with pytest.raises(InvalidSpec, match=r"quantiles\.json: expected"):
        competitions.load("demo", folder).quantiles()


def test_defects_of_an_edition_are_its_own_and_those_of_all() -> None:
    item = competitions.load("spaceship-titanic", Path(__file__).parents[3] / "competitions")
    given = ("mle-bench-v1: leak: a file has the labels", "mle-bench-v1: wrong", "leak: everywhere", "small: but fine")
    changed = item.model_copy(update={"defects": given})
    assert changed.defects_in("fixed") == ("leak: everywhere", "small: but fine")
    assert changed.leaks_in("mle-bench-v1") == ("a file has the labels", "everywhere")
    assert changed.leaks_in("fixed") == ("everywhere",)
