"""Tables show what there is, and say what is missing and what to type."""

import pytest

from harness.rates.aggregate import summarise
from harness.verbs import tables
from tests.harness.rates.test_aggregate import row


def shown(capsys, *rows, **options):
    tables.summary(summarise("g", rows), as_json=False, **options)
    return capsys.readouterr().out


def test_medals_and_percentiles_are_shown_where_there_are_any(capsys):
    text = shown(capsys, row(medal="gold"), row(competition="d", medal=None, percentile=None, above_median=None))
    assert "medal" in text and "gold" in text and "percentile" in text


def test_columns_that_no_run_has_a_value_for_are_left_out(capsys):
    text = shown(
        capsys, row(medal=None, percentile=None, exceeds_percent=None, above_median=None, has_leaderboard=False)
    )
    assert "medal" not in text and "percentile" not in text and "median" not in text.splitlines()[1]
    assert "0.80000" in text


def test_where_time_and_tokens_went_is_shown_on_demand(capsys):
    assert "scripts s" not in shown(capsys, row())
    text = shown(capsys, row(waiting_seconds=7.25, input_tokens=12345), detailed=True)
    for word in ("model s", "scripts s", "checks s", "reviews s", "overhead s", "waiting s", "7.2", "12,345"):
        assert word in text


@pytest.mark.parametrize("status", ["stopped", "lost", "queued", "infra_failed"])
def test_missing_runs_are_named_with_the_command_that_runs_them(capsys, status):
    from harness.results.layout import RunStatus

    text = shown(capsys, row(status=RunStatus(status), valid=None, reason="because"))
    assert "1 of 1 runs are missing" in text and "--group g" in text and "r: because" in text


def test_a_stand_in_run_is_labelled_in_its_row_and_below(capsys):
    text = shown(capsys, row(stand_in=True, medal=None, percentile=None, above_median=None))
    assert "(stand-in)" in text and "STAND-IN" in text


def test_a_known_leak_is_told_under_the_table(capsys):
    tables.summary(summarise("g", [row(leaks=("a file has the labels",))]), as_json=False)
    assert "c (mle-bench-v1): known leak: a file has the labels" in capsys.readouterr().out


def test_rates_say_beside_them_what_they_leave_out(capsys):
    from dataclasses import replace

    from tests.harness.rates.test_aggregate import MISSING

    rows = [row(medal="gold"), row(competition="b", medal="gold", leaks=("x",)), replace(MISSING, competition="d")]
    text = shown(capsys, *rows)
    assert "medals 100.0 % (1/1)" in text
    assert "missing runs as failures: medals 50.0 % (1/2)" in text
    assert "with known leaks (1 runs more): medals 100.0 % (2/2)" in text


def test_suites_are_shown_with_error_and_interval(capsys):
    rows = [row(competition=name, seed=seed, medal="gold" if seed else "none") for name in "ab" for seed in (0, 1)]
    tables.summary(summarise("g", rows, {"s": frozenset("abc")}), as_json=False)
    text = capsys.readouterr().out
    assert "2 of 3" in text and "50.0 ± 50.0 [" in text and "33.3 ± 33.3 [" in text
