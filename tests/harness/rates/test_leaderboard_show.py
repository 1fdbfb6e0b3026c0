"""`podium leaderboard show` and `podium export mle-bench` on a group on disk: what one writes, the other reads."""

import json

import pytest
from typer.testing import CliRunner

from harness.cli import app
from tests.harness import records

COMPETITIONS = ("spooky-author-identification", "leaf-classification")


@pytest.fixture
def podium(tmp_path, monkeypatch):
    """Run a verb in a results folder that has the group `mine`: two competitions of Low, two seeds."""
    monkeypatch.setenv("PODIUM_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("COLUMNS", "200")
    group = records.group_at(tmp_path / "results" / "mine")
    for seed in (0, 1):
        for competition, medal in zip(COMPETITIONS, ("gold", None), strict=True):
            records.write(group, records.record("mine", competition, seed), records.grade(competition, medal))

    def run(*arguments):
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def own(text, name):
    (found,) = [
        row for row in json.loads(text)["rows"] if not row["published"] and name in (row["agent"], row["source"])
    ]
    return found


def test_without_a_group_the_published_rows_are_shown(podium):
    text = podium("leaderboard", "show")
    assert "Disarray" in text and "90.91 ± 0.00" in text and "→" not in text


def test_a_group_is_padded_to_the_whole_split_on_request(podium):
    text = podium("leaderboard", "show", "mine", "--pad", "--json")
    assert own(text, "group mine")["figures"]["low"]["mean"] == pytest.approx(100 / 22)
    assert own(podium("leaderboard", "show", "mine", "--json"), "group mine")["figures"] == {}


def test_exported_reports_get_the_same_figures_as_the_group(podium, tmp_path):
    podium("export", "mle-bench", "mine", "--into", str(tmp_path / "runs"))
    text = podium("leaderboard", "show", "mine", "--reports", str(tmp_path / "runs"), "--pad", "--format", "json")
    ours, theirs = own(text, "group mine")["figures"], own(text, "grading reports")["figures"]
    assert ours == theirs and ours["all"]["mean"] == pytest.approx(100 / 75)


def test_the_summary_of_the_group_has_its_suites(podium):
    summary = json.loads(podium("aggregate", "mine", "--json"))
    parts = {part["suite"]: part for part in summary["suites"]}
    assert set(parts) == {"mle-bench", "mle-bench/low"}
    low = parts["mle-bench/low"]
    assert (low["competitions"], low["in_suite"], low["missing"]) == (2, 22, 40)
    assert low["rates"]["any_medal"]["mean"] == 50
    assert low["as_failures"]["any_medal"]["mean"] == pytest.approx(100 / 22)
