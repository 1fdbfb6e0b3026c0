"""Power grows with seeds and with the difference, and is the level of the test where nothing differs."""

import numpy as np
import pytest

from harness.comparing.inference import Cluster, Reading
from harness.comparing.power import model, power, seeds_needed, shifted
from harness.comparing.power_plan import plan
from harness.errors import UserError
from tests.harness import records

RATE = Reading(rate=True, bound=100.0)


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    chances = rng.beta(0.7, 1.3, 22)
    return model([Cluster(*(100.0 * (rng.random(3) < chance) for _ in range(2))) for chance in chances], RATE)


def test_a_shift_moves_the_mean_by_that_much_and_no_rate_out_of_bounds():
    levels = np.array([0.0, 20.0, 90.0, 100.0])
    moved = shifted(levels, 10.0)
    assert moved.mean() == pytest.approx(levels.mean() + 10, abs=0.1) and (moved <= 100).all()


def test_where_nothing_differs_hardly_anything_is_claimed(fitted):
    assert power(fitted, 3, 0.0) < 0.07


def test_more_seeds_and_larger_differences_are_found_more_surely(fitted):
    assert power(fitted, 2, 10.0) < power(fitted, 8, 10.0) < power(fitted, 32, 10.0)
    few, more = seeds_needed(fitted, 20.0), seeds_needed(fitted, 10.0)
    assert few < more and power(fitted, few, 20.0) >= 0.8 > power(fitted, few - 1, 20.0)
    assert seeds_needed(fitted, 0.1) is None


def test_numbers_without_a_second_seed_tell_no_spread():
    assert model([Cluster(np.array([1.0]), np.array([2.0]))], Reading()) is None


def test_a_group_plans_its_own_comparison(tmp_path):
    group = records.group_at(tmp_path / "g")
    for number in range(10):
        for seed in range(2):
            record = records.record("g", f"c{number}", seed, model="openai/some")
            records.write(group, record, records.grade(f"c{number}", "gold" if number < 4 else "none"))
    made = plan(group, "any_medal", 20.0, wanted=0.8)
    assert made.rate == 40.0 and made.seeds_needed > 2 and "more than there are" in made.sentence
    assert plan(group, "any_medal", 20.0, wanted=0.8, metrics_read=7).seeds_needed > made.seeds_needed
    with pytest.raises(UserError, match="power is known for"):
        plan(group, "cost_usd", 20.0, wanted=0.8)
