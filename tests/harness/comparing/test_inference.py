"""Tests and intervals say what they should: known values, no false alarms on simulated nulls, exchangeable seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.comparing import inference
from harness.comparing.inference import Cluster, Reading, effects, holm, interval, mcnemar, p_value

RATE = Reading(rate=True, bound=100.0)
MEAN = Reading()
WINS = Reading(wins=True, bound=100.0)


def cluster(a, b):
    return Cluster(np.array(a, float), np.array(b, float))


def rates(a, b):
    return cluster([100.0 * value for value in a], [100.0 * value for value in b])


def test_mcnemar_is_the_binomial_test_of_the_discordant_pairs():
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    assert mcnemar(0, 0) == 1.0


def test_holm_multiplies_by_what_is_left_and_never_falls():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_one_competition_of_two_outcomes_is_fishers_exact_test():
    table = rates([1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0])
    found = p_value([table], RATE)
    assert found.p == pytest.approx(stats.fisher_exact([[1, 5], [5, 1]]).pvalue)
    assert found.name.startswith("exact permutation")


def test_one_competition_of_numbers_is_scipys_permutation_test():
    a, b = np.array([1.0, 2.5, 3.1, 4.0]), np.array([3.9, 5.2, 6.0, 7.7])
    expected = stats.permutation_test((a, b), lambda x, y: y.mean() - x.mean(), n_resamples=np.inf).pvalue
    assert p_value([Cluster(a, b)], MEAN).p == pytest.approx(expected)


def test_wins_in_one_competition_are_the_exact_rank_sum_test():
    a, b = np.array([1.0, 2.5, 3.1, 4.0]), np.array([3.9, 5.2, 6.0, 7.7])
    expected = stats.mannwhitneyu(a, b, method="exact").pvalue
    assert p_value([Cluster(a, b)], WINS).p == pytest.approx(expected)
    assert effects([Cluster(a, b)], WINS)[0] == pytest.approx(100 * (15 - 1) / 16)


def test_labels_are_permuted_within_a_competition_only():
    """Competitions of different difficulty say nothing: A ran well on the easy one, B as well, and so on."""
    easy, hard = rates([1, 1, 1], [1, 1, 1]), rates([0, 0, 0], [0, 0, 0])
    assert p_value([easy, hard], RATE).p == 1.0
    assert p_value([easy, hard, rates([0, 0, 0], [1, 1, 1])], RATE).p == pytest.approx(2 / 20)


def test_pairs_are_tested_one_to_one():
    how = Reading(rate=True, bound=100.0, paired=True)
    pairs = [rates([0, 0], [1, 1]), rates([0, 0], [1, 1]), rates([1, 0], [0, 1])]
    found = p_value(pairs, how)
    assert found.p == pytest.approx(mcnemar(1, 5)) and found.name == "exact McNemar"


def test_paired_numbers_are_scipys_sign_flips():
    how, rng = Reading(paired=True), np.random.default_rng(3)
    a, b = rng.normal(0, 1, 7), rng.normal(0.8, 1, 7)
    expected = stats.permutation_test(
        (a, b), lambda x, y: (y - x).mean(), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    found = p_value([cluster(a[:1], b[:1]), *(cluster([x], [y]) for x, y in zip(a[1:], b[1:], strict=True))], how)
    assert found.p == pytest.approx(expected) and found.name == "exact sign flips"


def test_what_cannot_be_counted_out_is_drawn_and_says_so():
    rng = np.random.default_rng(4)
    many = [cluster(rng.normal(0, 1, 8), rng.normal(1, 1, 8)) for _ in range(4)]
    found = p_value(many, MEAN)
    assert found.p < 0.01 and "20,000 draws" in found.name
    paired = p_value(many, Reading(paired=True))
    assert paired.p < 0.01 and "20,000 draws" in paired.name


def test_no_competition_weighs_more_for_its_seeds():
    assert effects([rates([0] * 9, [1] * 9), rates([1], [0])], RATE).mean() == 0.0


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from([0.0, 100.0]), min_size=1, max_size=4),
            st.lists(st.sampled_from([0.0, 100.0]), min_size=1, max_size=4),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_exchanging_the_groups_changes_the_sign_only(sides):
    forth = [cluster(a, b) for a, b in sides]
    back = [cluster(b, a) for a, b in sides]
    assert effects(forth, RATE).mean() == pytest.approx(-effects(back, RATE).mean())
    assert p_value(forth, RATE).p == pytest.approx(p_value(back, RATE).p)


def test_the_same_outcomes_give_the_same_interval():
    some = [rates([0, 1, 1], [1, 1, 1]), rates([0, 0, 1], [1, 0, 1])]
    assert interval(some, RATE) == interval(some, RATE)


def test_none_of_three_against_none_of_three_is_not_certainty():
    low, high = interval([rates([0], [0])] * 3, RATE)
    assert low < -30 and high > 30
    many = interval([rates([0, 0, 0], [0, 0, 0])] * 75, RATE)
    assert -5 < many[0] < -0.5 and 0.5 < many[1] < 5


def test_numbers_that_never_vary_have_no_interval():
    assert interval([cluster([0, 0], [0, 0])] * 3, MEAN) is None


def test_an_interval_stays_in_what_is_possible():
    low, high = interval([rates([0], [1]), rates([1], [0])], RATE)
    assert (low, high) == (-100.0, 100.0)


def test_all_seeds_of_three_competitions_are_told_apart():
    clear = [rates([0] * 10, [1] * 10)] * 3
    assert interval(clear, RATE)[0] > 30 and p_value(clear, RATE).p < 1e-6


def world(rng, kind, competitions, seeds, spread):
    """Competitions of their own difficulty, and an effect that is 0 on average with the given spread."""
    made = []
    for _ in range(competitions):
        if kind == "rate":
            chance, effect = rng.beta(0.7, 1.3), rng.normal(0, spread)
            sides = [100.0 * (rng.random(seeds) < np.clip(chance + side * effect / 2, 0, 1)) for side in (-1, 1)]
        else:
            level, effect = rng.uniform(0, 100), rng.normal(0, 100 * spread)
            sides = [rng.normal(level, 15, seeds), rng.normal(level + effect, 15, seeds)]
        made.append(Cluster(*sides))
    return made


@pytest.mark.parametrize("spread", [0.0, 0.2])
@pytest.mark.parametrize(
    ("kind", "how", "competitions", "seeds"),
    [("rate", RATE, 8, 3), ("numbers", MEAN, 5, 10), ("numbers", WINS, 5, 3), ("rate", RATE, 22, 1)],
)
def test_where_nothing_differs_intervals_cover_it_and_claims_are_rare(
    monkeypatch, kind, how, competitions, seeds, spread
):
    monkeypatch.setattr(inference, "REPLICATES", 400)
    rng, trials = np.random.default_rng(7), 200
    covered = claims = 0
    for _ in range(trials):
        clusters = world(rng, kind, competitions, seeds, spread)
        low, high = interval(clusters, how)
        covered += low <= 0 <= high
        claims += not low <= 0 <= high and (spread > 0 or p_value(clusters, how).p < 0.05)
    assert covered / trials >= 0.89  # 0.95 less what 200 trials, and few competitions that differ much, may cost
    assert claims / trials <= (0.09 if spread == 0 else 0.11)
