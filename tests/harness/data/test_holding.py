"""Which training rows are held back: as the test rows were drawn, always the same ones, and none twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.splits.holding import MOST_PICK, MOST_SEARCH, Held, at_random, latest, mixed, wanted, whole_groups


def whole(held: Held, rows: int) -> bool:
    return sorted([*held.kept, *held.search, *held.pick]) == list(range(rows))


@given(st.integers(8, 400), st.integers(1, 30))
def test_every_row_is_in_one_part_however_it_is_drawn(rows: int, groups: int) -> None:
    strata = np.arange(rows) % groups
    assert whole(at_random(rows), rows) and whole(at_random(rows, strata), rows)
    if min(rows, groups) >= 3:
        held = whole_groups(strata)
        assert whole(held, rows) and all(map(len, (held.kept, held.search, held.pick)))


def test_the_shares_are_fifteen_and_ten_percent_and_bounded() -> None:
    assert wanted(1000) == (150, 100)
    assert wanted(10**8) == (MOST_SEARCH, MOST_PICK)
    with pytest.raises(ValueError, match="too few"):
        wanted(7)


def test_the_same_rows_are_held_back_each_time() -> None:
    one, other = at_random(1000), at_random(1000)
    assert all(np.array_equal(a, b) for a, b in zip((one.search, one.pick), (other.search, other.pick), strict=True))


def test_each_stratum_gives_its_share_to_both_parts() -> None:
    strata = np.repeat(["common", "rare"], [900, 100])
    held = at_random(1000, strata)
    assert [int((strata[part] == "rare").sum()) for part in (held.search, held.pick)] == [15, 10]


def test_groups_stay_together() -> None:
    groups = np.arange(1000) // 10
    held = whole_groups(groups)
    parts = [set(groups[part]) for part in (held.kept, held.search, held.pick)]
    assert sum(map(len, parts)) == 100 and (len(held.search), len(held.pick)) == (150, 100)


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="2 groups"):
        whole_groups(np.arange(100) % 2)


def test_the_latest_rows_are_held_back_and_a_moment_is_in_one_part() -> None:
    days = np.arange(1000) // 5
    held = latest(days)
    late = np.concatenate([held.search, held.pick])
    assert days[held.kept].max() < days[late].min() and len(late) == 250
    assert not set(days[held.search]) & set(days[held.pick])
    assert 0.3 < len(held.pick) / len(late) < 0.5


def test_where_moments_are_few_rows_of_the_last_one_are_shared_out() -> None:
    years = np.repeat([2018, 2019, 2020], 100)
    held = latest(years)
    assert set(years[held.search]) == set(years[held.pick]) == {2020} and len(held.kept) == 200


def test_rows_of_one_moment_are_refused() -> None:
    with pytest.raises(ValueError, match="too few moments"):
        latest(np.repeat([2019, 2020], [10, 90]))


@pytest.mark.parametrize("mixing", ["shuffled", "table"])
def test_held_back_rows_stand_among_the_test_rows(mixing: str) -> None:
    held = at_random(400)
    raw = np.concatenate([np.arange(400, 500), held.search, held.pick])
    mixture = mixed(100, held, mixing, raw)  # type: ignore[arg-type]
    places = np.concatenate([mixture.test, mixture.search, mixture.pick])
    assert sorted(places) == list(range(len(raw)))
    assert np.array_equal(mixture.order[mixture.test], np.arange(100))
    if mixing == "table":
        assert np.array_equal(raw[mixture.order], np.sort(raw))
    else:
        assert 20 < np.median(mixture.test) < 180


def test_whole_groups_stand_together_where_the_test_rows_do() -> None:
    groups = np.repeat(np.arange(20), 5)
    held = Held(np.arange(0, 60), np.arange(0, 25), np.arange(25, 50))
    mixture = mixed(50, held, "groups", np.arange(100), groups)
    shown = groups[mixture.order]
    assert (np.diff(shown) != 0).sum() == 19
