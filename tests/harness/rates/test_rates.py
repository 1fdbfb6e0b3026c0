"""Rates over a grid of outcomes: MLE-bench's mean and error, and an interval that asks for other competitions too."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.rates import rates
from harness.specs import suites
from harness.specs.catalogue import Catalogue

COUNTS = Path(__file__).parent / "mle_bench_medal_counts.csv"
SHIPPED = Catalogue((Path(__file__).parents[3] / "competitions",))
PUBLISHED = {
    "o3-gpt-4.1-R&D-Agent": (51.52, 19.30, 26.67, 30.22),
    "deepseek-r1-ML-Master": (48.48, 20.18, 24.44, 29.33),
    "multi-agent-Neo": (48.48, 29.82, 24.44, 34.22),
}
NAN = np.nan


def medal_counts():
    found = defaultdict(dict)
    with COUNTS.open(newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["experiment"]][row["competition_id"]] = (int(row["medals"]), int(row["seeds"]))
    return found


@pytest.fixture(scope="module")
def splits():
    return suites.of(SHIPPED.load_all())


@pytest.mark.parametrize("agent", PUBLISHED)
def test_published_medal_counts_give_the_published_low_medium_high_and_all(agent, splits):
    counts = medal_counts()[agent]
    computed = []
    for split in (*suites.SPLITS, suites.MLE_BENCH):
        assert splits[split] <= set(counts)
        estimate = rates.estimate(rates.from_counts({name: counts[name] for name in splits[split]}))
        computed.append(round(estimate.mean, 2))
    assert tuple(computed) == PUBLISHED[agent]


def test_all_of_mle_bench_is_75_competitions_without_those_for_development(splits):
    assert [len(splits[name]) for name in (*suites.SPLITS, suites.MLE_BENCH)] == [22, 38, 15, 75]
    assert "spaceship-titanic" not in splits[suites.MLE_BENCH]


def test_mean_and_error_are_over_the_percentages_of_seeds():
    cells = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0], [1, 0, 0]], dtype=float)
    estimate = rates.estimate(cells)
    assert rates.per_seed(cells).tolist() == [75, 25, 25]
    assert estimate.mean == pytest.approx(125 / 3)
    assert estimate.sem == pytest.approx(np.std([75, 25, 25], ddof=1) / np.sqrt(3))
    assert (estimate.seeds, estimate.competitions, estimate.n) == (3, 4, 12)


def test_one_seed_has_no_error_as_mle_bench_has_it():
    assert rates.estimate(np.array([[1.0], [0.0]])).sem == 0


def test_missing_outcomes_are_left_out_or_count_as_failures():
    cells = np.array([[1, NAN], [1, 1], [NAN, 0]])
    assert rates.per_seed(cells).tolist() == [100, 50]
    assert rates.per_seed(rates.padded(cells)).tolist() == pytest.approx([200 / 3, 100 / 3])


def test_a_grid_without_outcomes_has_no_rate():
    assert rates.estimate(np.full((3, 2), NAN)) is None
    assert rates.estimate(np.empty((0, 0))) is None


def test_outcomes_find_their_place_in_the_grid():
    cells = rates.grid([("b", 7, 1), ("a", 0, 0)], ["a", "b"], [0, 7])
    assert np.array_equal(cells, [[0, NAN], [NAN, 1]], equal_nan=True)


def test_competitions_that_differ_widen_the_interval_though_seeds_agree():
    apart = np.repeat([[1.0], [0.0]], 8, axis=0).repeat(3, axis=1)  # half always, half never
    estimate = rates.estimate(apart)
    assert estimate.sem == 0
    assert estimate.low < 35 and estimate.high > 65


def test_more_competitions_narrow_the_interval():
    def width(competitions):
        cells = np.tile([[1.0, 0, 1], [0, 0, 1]], (competitions // 2, 1))
        low, high = rates.interval(cells)
        return high - low

    assert width(8) > width(32) > width(128)


def test_where_all_are_alike_the_interval_is_the_exact_bound_over_competitions():
    low, high = rates.interval(np.zeros((22, 3)))
    assert (low, high) == (0, pytest.approx(15.44, abs=0.01))
    assert rates.interval(np.ones((22, 3))) == (pytest.approx(84.56, abs=0.01), 100)


def test_one_competition_says_nothing_about_others():
    assert rates.interval(np.array([[1.0, 0.0, 1.0]])) == (None, None)


def test_the_interval_covers_the_true_rate_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        chances = rng.beta(0.6, 0.9, size=40)  # competitions differ much: mean 0.4
        low, high = rates.interval((rng.random((40, 3)) < chances[:, None]).astype(float), replicates=400)
        hits += low <= 40 <= high
    assert 0.88 <= hits / 200 <= 1


def test_shares_get_an_interval_whether_drawn_one_by_one_or_as_sums(monkeypatch):
    cells = np.random.default_rng(2).random((30, 4))
    cells[0, 1] = NAN
    one_by_one = rates.interval(cells)
    monkeypatch.setattr(rates, "MANY_DRAWS", 0)
    assert rates.interval(cells) == pytest.approx(one_by_one, abs=1.5)


CELLS = st.lists(st.lists(st.sampled_from([0.0, 1.0, NAN]), min_size=3, max_size=3), min_size=1, max_size=6).map(
    np.array
)


@given(cells=CELLS, order=st.permutations(range(3)))
def test_the_order_of_seeds_changes_nothing(cells, order):
    one, other = rates.estimate(cells), rates.estimate(cells[:, order])
    if one is None:
        assert other is None
        return
    assert (one.low, one.high, one.n) == (other.low, other.high, other.n)
    assert one.mean == pytest.approx(other.mean) and one.sem == pytest.approx(other.sem)


@given(cells=CELLS)
def test_counting_missing_ones_as_failures_never_raises_the_number_of_successes(cells):
    assert np.nansum(cells) == rates.padded(cells).sum()


@given(cells=CELLS)
def test_bounds_lie_between_nothing_and_all(cells):
    estimate = rates.estimate(cells)
    if estimate is not None and estimate.low is not None:
        assert 0 <= estimate.low <= estimate.high <= 100
