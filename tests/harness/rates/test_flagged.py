"""Flagged runs are in the rates, and beside each rate stands what it is without them, and with them as failures."""

import csv
import io
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from harness import cli
from harness.cheating import verdicts
from harness.cheating.audit import audit
from harness.cheating.standing import standing
from harness.cheating.tasks import Tasks
from harness.comparing.compare import compare
from harness.rates import standings, standings_text
from harness.rates.aggregate import aggregate, summarise
from harness.rates.suite_rates import suite_rates
from harness.report import html, markdown
from harness.results.frames import runs
from harness.results.layout import GroupFolder
from harness.results.rows import rows_of
from tests.harness.cheating.planted import PLANTED
from tests.harness.cheating.runs import LONG, OTHER, run
from tests.harness.cheating.test_audit import nothing_prepared
from tests.harness.rates.test_aggregate import row
from tests.harness.records import grade

REQUEST = PLANTED["a request"][2]
SUITES = {"low": frozenset({"a", "b"})}


def group(path, *, cheats="gold"):
    """Two competitions, two seeds; one run on `a` cheated, and has the only medal."""
    run(path, "a", LONG, seed=0, grade=grade("a"), model="openai/m")
    run(path, "a", REQUEST, seed=1, grade=grade("a", cheats), model="openai/m")
    run(path, "b", OTHER, seed=0, grade=grade("b"), model="openai/m")
    run(path, "b", OTHER, seed=1, grade=grade("b"), model="openai/m")
    audit(list(GroupFolder(path).runs()), Tasks(nothing_prepared))
    return GroupFolder(path)


def test_a_summary_says_how_many_are_flagged_and_what_the_rates_are_without_them(tmp_path):
    summary = aggregate(group(tmp_path / "g"), SUITES)
    assert (summary.audited_runs, summary.flagged_runs) == (4, 1)
    assert (summary.any_medal.count, summary.any_medal.n) == (1, 4)
    left_out, failed = summary.without_flagged["any_medal"], summary.flagged_as_failures["any_medal"]
    assert (left_out.count, left_out.n, failed.count, failed.n) == (0, 3, 0, 4)
    assert failed.percent == 0.0 and summary.flagged_as_failures["valid_submission"].count == 3


def test_a_dismissed_run_is_not_flagged_in_the_rates(tmp_path):
    folder = group(tmp_path / "g")
    cheat = folder.run("a--aide--s1")
    verdicts.add(cheat.path, standing(cheat.path).findings, "dismissed", by="ada", reason="its own server")
    summary = aggregate(folder, SUITES)
    assert (summary.flagged_runs, summary.without_flagged, summary.suites[0].flagged) == (0, {}, 0)


def test_runs_that_nobody_audited_are_neither(tmp_path):
    run(tmp_path / "g", "a", REQUEST, grade=grade("a"))
    (found,) = rows_of(GroupFolder(tmp_path / "g"))
    assert (found.flagged, found.flagged_by) == (None, ())
    assert aggregate(GroupFolder(tmp_path / "g")).audited_runs == 0


def test_a_suites_rates_stand_beside_those_without_flagged_runs():
    rows = [row(competition=name, seed=seed, medal="gold") for name in "ab" for seed in (0, 1)]
    rows[0] = replace(rows[0], flagged=True, flagged_by=("network",))
    (found,) = suite_rates(rows, SUITES)
    assert found.flagged == 1
    assert (found.rates["any_medal"].mean, found.without_flagged["any_medal"].mean) == (100.0, 100.0)
    assert (found.without_flagged["any_medal"].n, found.flagged_as_failures["any_medal"].mean) == (3, 75.0)


def test_a_rate_that_does_not_apply_to_a_flagged_run_takes_no_failure_from_it():
    rows = [row(seed=seed, has_leaderboard=False, medal=None, above_median=None, flagged=seed == 0) for seed in (0, 1)]
    summary = summarise("g", rows)
    assert summary.flagged_as_failures["any_medal"].n == 0
    assert (
        summary.flagged_as_failures["valid_submission"].count,
        summary.flagged_as_failures["valid_submission"].n,
    ) == (1, 2)


def test_the_reports_show_both_and_name_the_flagged_runs(tmp_path):
    folder = group(tmp_path / "g")
    summary = aggregate(folder, SUITES)
    text, page = markdown.render(summary), html.render(summary, {})
    for written in (text, page):
        assert "a--aide--s1" in written.split("lagged", 1)[1]
    assert "any medal, flagged runs left out | 0.0 % (0 of 3)" in text
    assert "any medal, flagged runs as failures | 0.0 % (0 of 4)" in text
    assert "1 of 4 audited runs are flagged" in page and "flagged as failures" in page


def test_a_leaderboard_has_a_row_without_flagged_runs_and_one_with_them_as_failures():
    board = standings.board_of("mle-bench")
    suites = {"mle-bench/low": frozenset({"a", "b"})}
    rows = [
        row(competition=name, seed=seed, medal="gold", flagged=(name, seed) == ("a", 0))
        for name in "ab"
        for seed in (0, 1)
    ]
    found, notes = standings.of_group(board, "g", suite_rates(rows, suites), pad=False)
    assert [(one.remarks, one.figures["low"].mean) for one in found] == [
        ((), 100.0),
        (("flagged runs left out",), 100.0),
        (("flagged runs as failures",), 75.0),
    ]
    assert any("flagged" in note for note in notes)
    lines = csv.DictReader(
        io.StringIO(standings_text.comma_separated(standings.standings(board, found, notes, by="mle-bench")))
    )
    assert {line["remarks"] for line in lines} == {"", "flagged runs left out", "flagged runs as failures"}


def test_a_split_that_loses_a_competition_with_its_flagged_runs_has_no_figure_without_them():
    suites = {"mle-bench/low": frozenset({"a", "b"})}
    rows = [row(competition=name, medal="gold", flagged=name == "a") for name in "ab"]
    found, _ = standings.of_group(standings.board_of("mle-bench"), "g", suite_rates(rows, suites), pad=False)
    assert ["low" in one.figures for one in found] == [True, False, True]


def test_a_comparison_says_how_many_are_flagged_and_leaves_them_out_when_asked(tmp_path):
    a, b = group(tmp_path / "a"), group(tmp_path / "b")
    with_all, without = compare(a, b), compare(a, b, without_flagged=True)
    assert (with_all.b.flagged, with_all.b.compared, without.b.compared) == (1, 4, 3)
    assert {(one.run_id, one.reason) for one in without.left_out} == {("a--aide--s1", "flagged for cheating: network")}


def test_the_table_of_runs_has_the_flags(tmp_path):
    frame = runs([group(tmp_path / "g")]).set_index("run_id")
    assert bool(frame.loc["a--aide--s1", "flagged"]) and frame.loc["a--aide--s1", "flagged_by"] == "network"
    assert not frame.loc["b--aide--s0", "flagged"]


@pytest.fixture
def podium(tmp_path, monkeypatch):
    monkeypatch.setenv("PODIUM_RESULTS", str(tmp_path))
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "home"))

    def call(*words):
        return CliRunner().invoke(cli.app, list(words))

    return call


def test_the_verb_audits_a_group_shows_one_runs_evidence_and_takes_a_verdict(tmp_path, podium):
    folder = group(tmp_path / "g")
    aggregate(folder, SUITES)
    listed = podium("audit", "g")
    assert listed.exit_code == 0 and "1 flagged (network 1)" in listed.stdout
    assert podium("audit", "g", "--fail-on-flags").exit_code == 5
    one = podium("audit", "g/a--aide--s1")
    assert "nodes/n0001/solution.py:2  answers = requests.get" in one.stdout
    judged = podium("audit", "g/a--aide--s1", "--verdict", "dismissed", "--reason", "its own", "--by", "ada")
    assert judged.exit_code == 0 and "dismissed by ada" in judged.stdout
    assert json.loads(folder.summary.read_bytes())["flagged_runs"] == 0
    data = json.loads(podium("audit", "g", "--json").stdout)
    assert [one["flagged"] for one in data] == [False] * 4
    (found,) = next(item for item in data if item["findings"])["findings"]
    assert found["verdict"]["by"] == "ada" and found["evidence"]


def test_what_the_verb_cannot_do_is_said(tmp_path, podium):
    run(tmp_path / "g", "a", LONG)
    run(tmp_path / "g", "b", LONG)
    refused = podium("audit", "g", "--verdict", "dismissed", "--reason", "x")
    assert "name it as GROUP/RUN" in str(refused.exception)
    early = podium("audit", "g/a--aide--s0", "--verdict", "dismissed", "--reason", "x")
    assert "was not audited yet" in str(early.exception)
