"""Leaderboards put our rows among published ones, and give no figure for a part of a split."""

import csv
import io
import json

import pytest

from harness.errors import UserError
from harness.rates import standings
from harness.rates.grading_reports import CompetitionReport, Experiment
from harness.rates.standings_text import FORMATS
from harness.rates.suite_rates import suite_rates
from tests.harness.rates.test_aggregate import invalid, row

SUITES = {
    "mle-bench/low": frozenset("ab"),
    "mle-bench/medium": frozenset("c"),
    "mle-bench/high": frozenset("d"),
    "mle-bench": frozenset("abcd"),
    "weco-kaggle": frozenset("ab"),
    "weco-kaggle/lite": frozenset("a"),
}
MLE = standings.board_of("mle-bench/low")
WECO = standings.board_of("weco-kaggle")


def group(*rows, pad=False, board=MLE):
    return standings.of_group(board, "mine", suite_rates(rows, SUITES), pad=pad)


def test_published_rows_have_source_and_date():
    for board, count in ((MLE, 26), (WECO, 4)):
        rows = standings.published(board)
        assert len(rows) == count
        assert all(row.published and row.source and row.date and row.figures for row in rows)
    best = standings.published(MLE)[0]
    assert (best.agent, best.figures["all"].mean, best.remarks) == ("Disarray", 77.78, ("uses known leaks",))


def test_a_part_of_a_split_has_no_figure_unless_it_is_padded():
    rows, notes = group(row(competition="a", medal="gold"), row(competition="c"))
    assert {key: round(figure.mean) for key, figure in rows[0].figures.items()} == {"medium": 0}
    assert any("1 of 2 competitions have a run, so it has no figure; --pad" in note for note in notes)
    padded, _ = group(row(competition="a", medal="gold"), row(competition="c"), pad=True)
    assert {key: round(figure.mean) for key, figure in padded[0].figures.items()} == {
        "low": 50,
        "medium": 0,
        "all": 25,
        "valid": 50,
    }
    assert padded[0].remarks == ("padded",)


def test_missing_runs_are_stated_twice():
    _, notes = group(row(competition="c", medal="gold", seed=0), row(competition="d", seed=1), pad=True)
    assert any("any medal 50.00 % without them, 12.50 % with them as failures" in note for note in notes)


def test_known_leaks_get_a_second_row():
    rows, notes = group(row(competition="a"), row(competition="b", medal="gold", leaks=("x",)))
    assert [(one.figures["low"].mean, one.remarks) for one in rows] == [(0, ()), (50, ("with known leaks",))]
    assert any("left out for known leaks: b" in note for note in notes)


def test_the_valid_rate_is_that_of_mle_benchs_graders_and_the_difference_is_shown():
    rows = [invalid(competition="a", valid_mle_bench=True), *(row(competition=name) for name in "bcd")]
    own, notes = group(*rows)
    assert own[0].figures["valid"].mean == 100
    assert any("valid by MLE-bench's graders 100.00 %, by our stricter rules 75.00 %" in note for note in notes)


def test_runs_of_another_edition_are_pointed_out():
    _, notes = group(row(competition="c", edition="fixed"))
    assert any("edition fixed" in note and "not MLE-bench's split" in note for note in notes)


def test_a_group_without_real_runs_has_no_row():
    rows, notes = group(row(competition="a", stand_in=True))
    assert rows == [] and notes == ["mine: no graded run on real data in mle-bench, so no row"]


def test_weco_kaggle_shows_the_share_of_humans_exceeded():
    rows, _ = group(row(competition="a", exceeds_percent=60.0), row(competition="b", exceeds_percent=20.0), board=WECO)
    assert {key: round(figure.mean) for key, figure in rows[0].figures.items()} == {
        "lite_exceeds": 60,
        "lite_above_median": 100,
        "all_exceeds": 40,
        "all_above_median": 100,
    }


def test_rows_are_ordered_by_the_split_asked_for():
    rows, _ = group(row(competition="a", medal="gold"), row(competition="b"))
    table = standings.standings(MLE, [*standings.published(MLE), *rows], [], by="mle-bench/low")
    place = [one.published for one in table.rows].index(False)
    assert table.rows[place - 1].figures["low"].mean >= 50 >= table.rows[place + 1].figures["low"].mean


def test_grading_reports_get_a_row_and_say_what_they_lack():
    reports = tuple(CompetitionReport(competition_id=name, gold_medal=name == "a") for name in "abc")
    one, notes = standings.of_reports(MLE, Experiment("theirs", reports), SUITES, pad=False)
    assert {key: figure.mean for key, figure in one.figures.items()} == {"low": 50, "medium": 0}
    assert len(notes) == 2 and "--pad" in notes[1]
    padded, _ = standings.of_reports(MLE, Experiment("theirs", reports), SUITES, pad=True)
    assert padded.figures["all"].mean == 25
    with pytest.raises(UserError, match="no percentiles"):
        standings.of_reports(WECO, Experiment("theirs", reports), SUITES, pad=True)


def test_a_suite_without_a_leaderboard_is_refused_with_those_there_are():
    with pytest.raises(UserError, match="mle-bench, weco-kaggle"):
        standings.board_of("bundled")


@pytest.fixture
def table():
    rows, notes = group(row(competition="c", agent="=HYPERLINK()|<b>", medal="gold"))
    return standings.standings(MLE, [*standings.published(MLE), *rows], notes)


def test_every_format_has_all_rows(table):
    assert len(json.loads(FORMATS["json"](table))["rows"]) == 27
    assert len(list(csv.DictReader(io.StringIO(FORMATS["csv"](table))))) == 27
    assert FORMATS["markdown"](table).count("\n| ") == 28
    assert "77.78 ± 0.44" in FORMATS["text"](table)


def test_names_that_others_chose_stay_in_their_cell(table):
    assert "<b>" not in FORMATS["markdown"](table)
    (own,) = [line for line in FORMATS["markdown"](table).splitlines() if "HYPERLINK" in line and line.startswith("|")]
    assert own.count(" | ") == 9
    assert "\n'=HYPERLINK" in FORMATS["csv"](table)


def test_csv_has_full_precision_and_the_interval(table):
    (own,) = [line for line in csv.DictReader(io.StringIO(FORMATS["csv"](table))) if line["published"] == "no"]
    assert float(own["medium"]) == 100 and own["source"] == "group mine"
