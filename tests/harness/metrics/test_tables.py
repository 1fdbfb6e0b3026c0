"""Metrics of columns, groups and masks: correlations, errors where they count, areas in groups, texts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import roc_auc_score

from harness.metrics import get_metric

RNG = np.random.default_rng(0)
TIED = RNG.integers(0, 5, (50, 3)).astype(float)
NOISY = TIED + RNG.integers(-2, 3, (50, 3))
ORDER = RNG.permutation(50)


@pytest.mark.parametrize(("name", "reference"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_correlations_are_scipys_averaged_over_columns(name: str, reference: object) -> None:
    expected = np.mean([reference(TIED[:, j], NOISY[:, j])[0] for j in range(3)])  # type: ignore[operator]
    metric = get_metric(name)
    assert metric.score(TIED, NOISY) == pytest.approx(expected, abs=1e-12)
    assert metric.score(TIED[ORDER], NOISY[ORDER]) == pytest.approx(expected, abs=1e-12)
    assert metric.score(TIED, 7 + 3 * TIED) == pytest.approx(1)
    assert metric.score(TIED, -TIED) == pytest.approx(-1)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_a_constant_correlates_with_nothing(name: str) -> None:
    assert get_metric(name).score(TIED[:, 0], np.full(50, 3.0)) == 0
    assert get_metric(name).score(np.ones((3, 1)), np.arange(3.0)[:, None]) == 0


@given(st.lists(st.integers(-100, 100), min_size=3, max_size=30))
@settings(max_examples=30, deadline=None)
def test_ranks_do_not_change_with_the_scale(values: list[int]) -> None:
    truth = np.arange(len(values), dtype=float)
    metric = get_metric("spearman")
    assert metric.score(truth, np.array(values)) == pytest.approx(metric.score(truth, np.exp(np.array(values) / 50)))


def test_masked_mae_looks_at_the_rows_that_count() -> None:
    truth = {"y": np.array([1.0, 2.0, 3.0]), "out": np.array([0, 1, 0])}
    options = {"column": "y", "where": "out", "equals": 0}
    metric = get_metric("masked_mae")
    assert metric.score(truth, {"y": np.array([2.0, 99.0, 3.0])}, options) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="no row of the answers has out = 2"):
        metric.score(truth, truth, {**options, "equals": 2})


def test_mean_log_mae_counts_every_group_the_same_and_has_a_floor() -> None:
    truth = {"y": np.zeros(4), "type": np.array(["a", "a", "a", "b"], dtype=object)}
    options = {"column": "y", "group": "type"}
    metric = get_metric("mean_log_mae")
    assert metric.score(truth, {"y": np.array([1.0, -2, 3, 5])}, options) == pytest.approx(
        (math.log(2) + math.log(5)) / 2
    )
    assert metric.score(truth, truth, options) == pytest.approx(math.log(1e-9)) == pytest.approx(metric.perfect)


def test_rows_marked_as_unscored_do_not_count_in_the_area() -> None:
    truth, score = np.array([[0, 1], [1, 0], [-1, -1], [1, 1]]), RNG.random((4, 2))
    expected = np.mean([roc_auc_score(truth[[0, 1, 3], j], score[[0, 1, 3], j]) for j in range(2)])
    assert get_metric("roc_auc").score(truth, score, {"unscored": -1}) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("truth", "prediction", "gaps", "expected"),
    [
        ("good day", "Good DAY", "empty", 1),
        ("a b c", "b c d", "empty", 0.5),
        ("a a b", "b", "empty", 0.5),
        ("", "", "empty", 1),
        ("", "a", "empty", 0),
        ("null", "", "empty", 0),
        ("null", "NaN", "pandas", 1),
    ],
)
def test_word_jaccard_of_one_row(truth: str, prediction: str, gaps: str, expected: float) -> None:
    rows = np.array([truth], dtype=object), np.array([prediction], dtype=object)
    assert get_metric("word_jaccard").score(*rows, {"gaps": gaps}) == pytest.approx(expected)


def test_same_text_is_exact_but_for_gaps() -> None:
    truth, prediction = (np.array(texts, dtype=object) for texts in (["a", "A", "null", ""], ["a", "a", "", "nan"]))
    assert get_metric("same_text").score(truth, prediction) == 0.25
    assert get_metric("same_text").score(truth, prediction, {"gaps": "pandas"}) == 0.75


def grouped(rows: int = 300) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    toxic = RNG.random(rows)
    truth = {
        "y": toxic,
        "one": RNG.random(rows),
        "two": np.array([str(v) if v > 0.2 else "" for v in RNG.random(rows)]),
    }
    return truth, {"y": toxic + RNG.normal(0, 0.4, rows)}


OPTIONS = {"column": "y", "groups": ["one", "two"]}


def test_subgroup_auc_is_one_for_any_right_ranking_and_falls_with_bias() -> None:
    truth, noisy = grouped()
    metric = get_metric("subgroup_auc")
    assert metric.score(truth, {"y": truth["y"] / 10}, OPTIONS) == pytest.approx(1)
    assert metric.score(truth, {"y": truth["y"] / 10}, {**OPTIONS, "binarise": True}) == pytest.approx(0.5)
    biased = {"y": truth["y"] + 0.5 * (truth["one"] > 0.5)}
    assert metric.score(truth, biased, OPTIONS) < 0.95
    order = RNG.permutation(300)
    moved, moved_noisy = ({name: values[order] for name, values in table.items()} for table in (truth, noisy))
    assert metric.score(moved, moved_noisy, OPTIONS) == pytest.approx(metric.score(truth, noisy, OPTIONS))


def test_subgroup_auc_by_its_definition() -> None:
    truth, noisy = grouped()
    toxic, areas = truth["y"] >= 0.5, []
    for values in (truth["one"], np.array([float(v or 0) for v in truth["two"]])):
        inside = values >= 0.5
        rows = (inside, (inside & ~toxic) | (~inside & toxic), (inside & toxic) | (~inside & ~toxic))
        areas.append([roc_auc_score(toxic[r], noisy["y"][r]) for r in rows])
    means = [(sum(a[i] ** -5 for a in areas) / 2) ** (-1 / 5) for i in range(3)]
    expected = (roc_auc_score(toxic, noisy["y"]) + sum(means)) / 4
    assert get_metric("subgroup_auc").score(truth, noisy, OPTIONS) == pytest.approx(expected)
