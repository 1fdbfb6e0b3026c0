"""Which scores are looked at again, and which of many honest ones are not."""

from __future__ import annotations

import pytest

from agent.contract import Direction
from agent.suspicion import suspicion

HONEST = (0.79, 0.8, 0.805, 0.8188)


@pytest.mark.parametrize(
    ("score", "metric", "direction"),
    [
        (1.0, "accuracy", "maximize"),
        (0.99995, "roc_auc", "maximize"),
        (0.0, "rmse", "minimize"),
        (1e-9, "log_loss", "minimize"),
        (1.0, "a metric of its own", "maximize"),
        (0.0, "a metric of its own", "minimize"),
    ],
)
def test_a_perfect_score_is_suspect(score: float, metric: str, direction: Direction) -> None:
    assert "the best that" in (suspicion(score, metric, direction, ()) or "")


@pytest.mark.parametrize(
    ("score", "metric", "direction"),
    [
        (0.999, "accuracy", "maximize"),
        (0.001, "rmse", "minimize"),
        (0.9999, "mcc", "maximize"),
        (1.0, "rmse", "minimize"),
    ],
)
def test_a_very_good_score_alone_is_not(score: float, metric: str, direction: Direction) -> None:
    assert suspicion(score, metric, direction, ()) is None


def test_a_jump_against_the_run_s_own_history_is_suspect() -> None:
    found = suspicion(0.8677, "accuracy", "maximize", HONEST)
    assert found is not None and "a jump from 0.8188" in found and "of the 4 scores" in found


def test_an_error_that_falls_by_a_power_of_ten_is_suspect() -> None:
    assert suspicion(0.03, "rmse", "minimize", (0.31, 0.3, 0.305)) is not None
    assert suspicion(-9.0, "a metric of its own", "minimize", (9.1, 9.0, 9.05)) is not None


@pytest.mark.parametrize("score", [0.8188, 0.825, 0.84, 0.5])
def test_an_ordinary_step_is_not(score: float) -> None:
    assert suspicion(score, "accuracy", "maximize", HONEST) is None


def test_a_large_gain_among_scattered_scores_is_not() -> None:
    assert suspicion(0.85, "accuracy", "maximize", (0.5, 0.7, 0.8)) is None


def test_the_first_few_scores_have_no_history_to_jump_from() -> None:
    assert suspicion(0.9, "accuracy", "maximize", (0.5, 0.51)) is None


def test_equal_scores_have_no_spread_and_are_still_a_history() -> None:
    assert "times the spread" not in (suspicion(0.9, "accuracy", "maximize", (0.5, 0.5, 0.5)) or "times the spread")
