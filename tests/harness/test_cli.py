"""The command line without an engine: it prints what it found, as a table or as JSON, and keeps the two apart."""

import json
import subprocess
import sys

import pytest


def test_help_names_every_verb(podium):
    text = podium("--help").stdout
    for verb in (
        "list",
        "prepare",
        "run",
        "bench",
        "grade",
        "leaderboard",
        "aggregate",
        "report",
        "doctor",
        "image",
        "smoke",
        "clean",
    ):
        assert f"  {verb} " in text


def test_the_help_imports_nothing_heavy():
    heavy = "pandas", "sklearn", "docker", "openai", "starlette", "pydantic", "numpy"
    code = f"import sys; import harness.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_list_is_a_table_or_json(podium):
    assert "spaceship-titanic" in podium("list").stdout
    found = json.loads(podium("list", "--json").stdout)
    assert {"spaceship-titanic", "diabetes-progression", "digits-8x8"} <= {item["id"] for item in found}
    dev = json.loads(podium("list", "--suite", "mle-bench/dev", "--json").stdout)
    assert "spaceship-titanic" in {item["id"] for item in dev} and "digits-8x8" not in {item["id"] for item in dev}


def test_an_unknown_suite_names_those_there_are(podium):
    assert "mle-bench/dev" in podium("list", "--suite", "mle-bench/devel", expect=2).stderr


def test_prepare_says_that_stand_in_data_are_none(podium):
    done = podium("prepare", "spaceship-titanic", "--stand-in")
    assert "STAND-IN" in done.stdout
    again = json.loads(podium("prepare", "spaceship-titanic", "--stand-in", "--json").stdout)
    assert again["stand_in"] and "private/test.csv" in again["files"]
    listed = json.loads(podium("list", "--json").stdout)
    assert next(item for item in listed if item["id"] == "spaceship-titanic")["stand_in"]


def test_grading_before_preparing_says_which_command_is_next(podium, tmp_path):
    (tmp_path / "s.csv").write_text("id\n")
    arguments = ("grade", "--competition", "digits-8x8", "--submission", str(tmp_path / "s.csv"))
    assert "podium prepare digits-8x8" in podium(*arguments, expect=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("prepare", "spaceship-titanic", "--raw"),
        ("bench", "spaceship-titanic", "--raw"),
        ("bench", "spaceship-titanic", "--replay"),
    ],
)
def test_a_tilde_in_a_path_is_the_users_home(podium, settings, arguments):
    assert f"{settings.environ['HOME']}/none-such" in podium(*arguments, "~/none-such", expect=2).stderr


def test_the_version_is_printed(podium):
    import harness

    assert podium("--version").stdout.strip() == harness.__version__


def test_prepare_takes_several_competitions_and_ends_with_what_failed(podium, tmp_path):
    done = podium("prepare", "digits-8x8", "diabetes-progression", "--jobs", "2", "--json")
    assert [(row["id"], row["source"], row["problem"]) for row in json.loads(done.stdout)] == [
        ("digits-8x8", "bundled", None),
        ("diabetes-progression", "bundled", None),
    ]
    done = podium("prepare", "digits-8x8", "diabetes-progression", "--edition", "other", expect=2)
    assert "diabetes-progression has no edition 'other'" in " ".join(done.stdout.split())
    assert "0 of 2 competitions are prepared" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("bench", "digits-8x8"),
        ("run", "digits-8x8"),
        ("regress", "aide", "best", "digits-8x8"),
        ("gateway", "digits-8x8", "--into", "none-such"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_verb_that_runs_an_agent_takes_the_choices_of_its_models(podium, arguments):
    done = podium(*arguments, "--review-model", "openai/gpt-4o", "--fallback-model", "offline", expect=2)
    assert "--fallback-model offline is the model itself" in done.stderr
