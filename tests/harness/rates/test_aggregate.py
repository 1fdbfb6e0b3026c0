"""Rates count outcomes only: no stand-in, no missing run, whatever the order."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.rates.aggregate import summarise
from harness.report import markdown
from harness.results.layout import RunStatus
from harness.results.row import Row

BASE = Row(
    run_id="r",
    competition="c",
    agent="aide",
    model="offline",
    seed=0,
    status=RunStatus.COMPLETED,
    reason="",
    stand_in=False,
    has_leaderboard=True,
    edition="mle-bench-v1",
    leaks=(),
    candidate_isolation="uid",
    metric="accuracy",
    direction="maximize",
    score=0.8,
    submission_exists=True,
    valid=True,
    invalid_because=None,
    medal="none",
    percentile=50.0,
    percentile_note=None,
    exceeds_percent=50.0,
    above_median=True,
    validation_score=0.81,
    steps=20,
    good_nodes=18,
    wall_seconds=60.0,
    phase_seconds=dict.fromkeys(("model", "execute", "check", "review", "overhead"), 1.0),
    waiting_seconds=0.0,
    input_tokens=1,
    output_tokens=1,
    cost_usd=0.5,
    oom_kills=0,
)


def row(**changes):
    return replace(BASE, **changes)


def invalid(**changes):
    nothing = {"score": None, "medal": None, "percentile": None, "above_median": None}
    return row(valid=False, invalid_because="row 3: no such id", **nothing, **changes)


MISSING = row(
    status=RunStatus.INFRA_FAILED, valid=None, submission_exists=None, score=None, medal=None, above_median=None
)


def test_an_invalid_submission_counts_as_no_medal_and_not_above_the_median():
    summary = summarise("g", [row(medal="gold"), invalid()])
    assert (summary.any_medal.n, summary.any_medal.count, summary.any_medal.percent) == (2, 1, 50.0)
    assert summary.above_median.percent == 50.0
    assert summary.valid_submission.percent == 50.0
    assert summary.made_submission.percent == 100.0


def test_stand_in_runs_are_shown_and_counted_in_no_rate():
    summary = summarise("g", [row(stand_in=True, medal="gold")])
    assert summary.stand_in_runs == 1 and len(summary.rows) == 1
    assert summary.any_medal.n == summary.valid_submission.n == summary.above_median.n == 0
    assert summary.any_medal.percent is None


def test_missing_runs_are_counted_as_missing_and_in_no_rate():
    summary = summarise("g", [row(), MISSING])
    assert summary.missing == 1
    assert summary.valid_submission.n == 1


@pytest.mark.parametrize("status", [status for status in RunStatus if not status.is_outcome])
def test_a_run_without_an_outcome_is_missing_and_in_no_rate_whatever_it_had_so_far(status):
    summary = summarise("g", [row(status=status, medal="gold")])
    assert summary.missing == 1
    assert summary.any_medal.n == summary.valid_submission.n == 0


def test_an_outcome_that_nobody_graded_is_not_missing():
    summary = summarise("g", [row(valid=None, score=None, medal=None, above_median=None)])
    assert (summary.missing, summary.ungraded, summary.valid_submission.n) == (0, 1, 0)
    assert "1 not graded" in markdown.render(summary)


def test_a_competition_without_a_leaderboard_is_in_the_valid_rate_only():
    summary = summarise("g", [row(has_leaderboard=False, medal=None, above_median=None)])
    assert summary.valid_submission.n == 1
    assert summary.any_medal.n == 0


ROWS = st.lists(
    st.builds(
        row,
        competition=st.sampled_from(["a", "b"]),
        seed=st.integers(0, 5),
        medal=st.sampled_from(["gold", "silver", "bronze", "none"]),
        stand_in=st.booleans(),
        cost_usd=st.sampled_from([0.0, 0.25, 1.0]),
    ),
    max_size=12,
    unique_by=lambda item: (item.competition, item.seed),
)


@given(rows=ROWS, seed=st.integers())
def test_the_order_of_runs_does_not_matter(rows, seed):
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    assert summarise("g", rows) == summarise("g", shuffled)


@given(rows=ROWS)
def test_medals_exclude_each_other(rows):
    summary = summarise("g", rows)
    assert summary.any_medal.count == summary.gold.count + summary.silver.count + summary.bronze.count


@pytest.mark.parametrize(
    "text", ["| a | b |", "<script>alert(1)</script>", "[x](http://e)", "\x1b[31mred", "a\nb", "`x`"]
)
def test_text_of_a_run_cannot_break_out_of_its_table_cell(text):
    page = markdown.render(summarise("g", [invalid(competition=text, reason=text)]))
    table = next(line for line in page.splitlines() if "invalid" in line or "aide" in line)
    assert table.count(" | ") == next(line for line in page.splitlines() if line.startswith("| competition")).count(
        " | "
    )
    assert text not in page


def test_runs_that_were_shown_the_answers_are_labelled_and_in_no_rate():
    summary = summarise("g", [row(answers_shown=True, agent="oracle"), row(medal="gold")])
    assert summary.answers_shown_runs == 1 and len(summary.rows) == 2
    assert {part.agent for part in summary.suites} <= {"aide"}
    assert summary.valid_submission.n == summary.any_medal.n == 1
    page = markdown.render(summary)
    assert "(answers shown)" in page and "1 **shown the answers**" in page


def test_the_candidates_isolation_is_on_the_page():
    page = markdown.render(summarise("g", [row(candidate_isolation="none", agent="theirs")]))
    assert "| theirs | none |" in page


def test_stand_in_runs_are_labelled_on_the_page():
    page = markdown.render(summarise("g", [row(stand_in=True, medal=None)]))
    assert "(stand-in)" in page and "**stand-in**" in page


def test_a_known_leak_is_told_on_the_page():
    shown = markdown.render(summarise("g", [row(leaks=("a file has the labels",))]))
    assert "## Known leaks" in shown and "r (mle-bench-v1): a file has the labels" in shown
    assert "Known leaks" not in markdown.render(summarise("g", [row()]))


def test_what_only_mle_bench_takes_is_told_beside_our_own_rate():
    only_there = invalid(valid_mle_bench=True)
    summary = summarise("g", [row(valid_mle_bench=True), only_there, invalid(valid_mle_bench=False)])
    assert (summary.valid_submission.count, summary.valid_mle_bench.count, summary.valid_mle_bench.n) == (1, 2, 3)
    page = markdown.render(summary)
    assert page.count("no (MLE-bench: yes)") == 1 and "| valid by MLE-bench's graders | 66.7 % (2 of 3) |" in page


def test_one_valid_rate_is_enough_where_the_graders_agree():
    summary = summarise("g", [row(valid_mle_bench=True), invalid(valid_mle_bench=False), row(edition="fixed")])
    assert summary.valid_mle_bench is None
    assert "MLE-bench" not in markdown.render(summary)


def test_a_leaking_run_is_in_no_rate_but_the_one_that_says_so():
    summary = summarise("g", [row(), row(competition="b", medal="gold", leaks=("a file has the labels",))])
    assert (summary.leaking_runs, summary.any_medal.n, summary.any_medal.count) == (1, 1, 0)
    assert summary.with_leaks["any_medal"].percent == 50
    page = markdown.render(summary)
    assert "any medal, with known leaks | 50.0 % (1 of 2)" in page and "1 with known leaks" in page


def test_missing_runs_are_counted_again_as_failures():
    summary = summarise("g", [row(medal="gold"), MISSING, replace(MISSING, competition="d", stand_in=True)])
    assert summary.any_medal.percent == 100
    assert summary.as_failures["any_medal"] == summary.as_failures["valid_submission"]
    assert summary.as_failures["any_medal"].percent == 50
    assert "any medal, missing runs as failures | 50.0 % (1 of 2)" in markdown.render(summary)
    assert summarise("g", [row()]).as_failures == {}


def test_suites_are_on_the_page_and_survive_a_round_trip():
    from pydantic_core import to_json

    from harness.rates.aggregate import Summary

    rows = [row(competition=name, seed=seed, medal="gold" if seed else "none") for name in "ab" for seed in (0, 1)]
    summary = summarise("g", rows, {"s": frozenset("abc")})
    assert "| s | aide | offline | 2 of 3 | 2 | 2 | 50.0 ± 50.0 [" in markdown.render(summary)
    assert Summary.model_validate_json(to_json(summary)) == summary
