"""A suite's rates count real, graded outcomes without known leaks, and missing ones twice."""

import random
from dataclasses import replace

import pytest

from harness.rates.suite_rates import suite_rates
from harness.results.record import RunStatus
from harness.specs import suites
from tests.harness.rates.test_aggregate import MISSING, invalid, row

SUITES = {"s": frozenset("abcd"), "s/ab": frozenset("ab"), "t": frozenset("x")}


def of(*rows, suite="s"):
    (found,) = [part for part in suite_rates(rows, SUITES) if part.suite == suite]
    return found


def test_a_suite_without_outcomes_is_not_there():
    assert [part.suite for part in suite_rates([row(competition="a")], SUITES)] == ["s", "s/ab"]
    assert suite_rates([row(competition="elsewhere")], SUITES) == ()


def test_missing_runs_are_left_out_and_counted_as_failures():
    rows = [row(competition="a", medal="gold"), row(competition="b"), replace(MISSING, competition="c")]
    part = of(*rows)
    assert (part.competitions, part.in_suite, part.missing) == (2, 4, 2)
    assert part.rates["any_medal"].mean == 50
    assert part.as_failures["any_medal"].mean == 25
    assert of(*rows, suite="s/ab").missing == 0


@pytest.mark.parametrize("change", [{"stand_in": True}, {"status": RunStatus.INFRA_FAILED}, {"valid": None}])
def test_what_is_no_graded_outcome_on_real_data_is_in_no_rate(change):
    part = of(row(competition="a"), row(competition="b", medal="gold", **change))
    assert part.rates["any_medal"].mean == 0 and part.rates["any_medal"].n == 1


def test_a_leaking_competition_is_left_out_of_the_rate_and_stated_beside_it():
    part = of(row(competition="a"), row(competition="b", medal="gold", leaks=("a file has the labels",)))
    assert part.leaking == ("b",)
    assert part.rates["any_medal"].mean == 0
    assert part.as_failures["any_medal"].competitions == 3
    assert part.with_leaks["any_medal"].mean == 50
    assert part.with_leaks_as_failures["any_medal"].mean == 25
    assert of(row(competition="a")).with_leaks == {}


def test_each_agent_and_model_is_an_entrant_of_its_own():
    found = suite_rates([row(competition="a"), row(competition="a", model="m", medal="gold")], SUITES)
    assert [(part.model, part.rates["any_medal"].mean) for part in found if part.suite == "s"] == [
        ("m", 100),
        ("offline", 0),
    ]


def test_a_competition_without_a_leaderboard_has_no_medal_to_miss():
    part = of(row(competition="a", medal="gold"), row(competition="b", medal=None, has_leaderboard=False))
    assert part.rates["any_medal"].n == 1 and part.rates["any_medal"].mean == 100
    assert part.as_failures["any_medal"].competitions == 3
    assert part.rates["valid_submission"].n == 2


def test_a_suite_without_leaderboards_has_no_medals_to_miss_either():
    part = of(row(competition="a", medal=None, has_leaderboard=False, exceeds_percent=None, above_median=None))
    assert set(part.as_failures) == set(part.rates) == {"valid_submission", "valid_mle_bench", "made_submission"}


def test_an_invalid_submission_exceeds_nobody():
    part = of(row(competition="a", exceeds_percent=60.0), invalid(competition="b"))
    assert part.rates["exceeds"].mean == 30


def test_where_a_board_has_no_quantiles_an_invalid_submission_is_not_held_against_the_share_either():
    part = of(
        row(competition="a", exceeds_percent=60.0),
        row(competition="b", seed=0, exceeds_percent=None),
        invalid(competition="b", seed=1),
        row(competition="a", seed=1, exceeds_percent=60.0),
    )
    assert part.rates["exceeds"].mean == 60


def test_valid_by_mle_bench_is_ours_where_an_edition_does_not_follow_it():
    part = of(invalid(competition="a", valid_mle_bench=True), row(competition="b", valid_mle_bench=None))
    assert part.rates["valid_submission"].mean == 50
    assert part.rates["valid_mle_bench"].mean == 100


def test_the_order_of_rows_changes_no_figure():
    rows = [
        row(competition=competition, seed=seed, medal=medal, exceeds_percent=10.0 * seed + 1 / 3)
        for competition, medal in (("a", "gold"), ("b", "none"), ("c", "silver"))
        for seed in (3, 1, 2)
    ]
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)
    assert suite_rates(rows, SUITES) == suite_rates(shuffled, SUITES)


def test_suites_of_specs_that_are_broken_leave_the_others(tmp_path, real_settings, monkeypatch):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "competition.yaml").write_text("schema_version: 1\n")
    settings = replace(real_settings, environ={"PODIUM_COMPETITIONS": str(tmp_path)})
    assert "spooky-author-identification" in suites.suites_now(settings)["mle-bench/low"]


def test_runs_that_were_validated_in_another_way_are_another_entrant():
    rows = [row(competition="a"), row(competition="b", medal="gold", validation="hidden-split")]
    found = {part.agent: part for part in suite_rates(rows, SUITES) if part.suite == "s"}
    assert sorted(found) == ["aide", "aide (hidden-split)"]
    assert [found[name].rates["any_medal"].mean for name in sorted(found)] == [0, 100]
