"""Known values of the metrics of texts."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import get_metric


def score(name: str, truth: list[str], prediction: list[str]) -> float:
    return get_metric(name).score(np.array(truth, dtype=object), np.array(prediction, dtype=object))


def test_distance_counts_edits_of_characters() -> None:
    assert score("mean_levenshtein", ["kitten"], ["sitting"]) == 3
    assert score("mean_levenshtein", ["same", "tea"], ["same", "tée"]) == 1


def test_distance_to_an_empty_text_is_the_length() -> None:
    assert score("mean_levenshtein", ["four", ""], ["", "four"]) == 4


def test_what_pandas_takes_for_a_gap_may_count_as_nan() -> None:
    truth, prediction = np.array(["four", "a", "x"], dtype=object), np.array(["", "NA", "x"], dtype=object)
    assert get_metric("mean_levenshtein").score(truth, prediction, {"gaps": "nan"}) == pytest.approx((4 + 2) / 3)
    assert get_metric("mean_levenshtein").score(truth, prediction) == pytest.approx((4 + 2) / 3)
    assert get_metric("mean_levenshtein").score(truth[:1], prediction[1:2], {"gaps": "nan"}) == 4
    assert get_metric("mean_levenshtein").score(np.array(["nan"]), np.array([""]), {"gaps": "nan"}) == 0


def test_distance_counts_one_for_any_character() -> None:
    assert score("mean_levenshtein", ["日本語", "naïve"], ["日木語", "naive"]) == 1


def test_distance_is_the_same_in_any_row_order() -> None:
    truth, written = ["a b", "c d", "e"], ["a", "c d x", "f"]
    assert score("mean_levenshtein", truth[::-1], written[::-1]) == pytest.approx(
        score("mean_levenshtein", truth, written)
    )
