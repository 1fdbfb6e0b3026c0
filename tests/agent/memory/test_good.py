"""AIDE's memory: the solutions that worked, and a line for each that did not."""

from __future__ import annotations

import pytest

from agent.journal import Journal
from agent.memory import good
from agent.tokens import tokens
from tests.agent.trees import grown, journal_of, node

BUDGET = 1_200


def digest(journal: Journal, budget: int = BUDGET) -> str:
    return good(journal, budget)


def test_nothing_tried_is_no_memory() -> None:
    assert digest(Journal("maximize")) == ""


def test_a_good_node_is_plan_result_and_score() -> None:
    memory = digest(journal_of(node(1, 0.8123456789, plan="Fit a forest.", analysis="It beats the mean.")))
    assert memory == "Plan: Fit a forest.\nResult: It beats the mean.\nValidation score: 0.812346"


def test_a_node_nobody_reviewed_has_no_result_line() -> None:
    assert digest(journal_of(node(1, 0.5, plan="A."))) == "Plan: A.\nValidation score: 0.5"


def test_good_nodes_come_in_the_order_of_the_run() -> None:
    memory = digest(journal_of(node(1, 0.5), node(2, 0.9), node(3, 0.7)))
    plans = [line for line in memory.splitlines() if line.startswith("Plan")]
    assert plans == ["Plan: Plan 1.", "Plan: Plan 2.", "Plan: Plan 3."]


def test_a_failed_idea_is_told_in_a_line_so_that_the_next_prompt_differs() -> None:
    failed = node(2, parent=1, plan="Use a\nboosted tree.", analysis="Too slow.", why_buggy="outcome: timed_out")
    before, after = journal_of(node(1, 0.5)), journal_of(node(1, 0.5), failed)
    assert digest(before) != digest(after)
    assert digest(after).endswith("Did not work:\n- Use a boosted tree. [outcome: timed_out. Too slow.]")


def test_code_and_output_are_not_remembered() -> None:
    assert "print(" not in digest(journal_of(node(1, 0.5), node(2)))


@pytest.mark.parametrize("buggy_share", [0.0, 0.4, 1.0])
def test_the_memory_of_500_nodes_is_within_the_budget_and_hardly_longer_than_that_of_20(buggy_share: float) -> None:
    assert tokens(digest(grown(10_000, buggy_share))) <= 1.1 * BUDGET
    assert tokens(digest(journal_of(*(node(n, 0.5, plan="long " * 500) for n in range(1, 501))))) <= 1.1 * BUDGET


def test_within_the_budget_the_best_stay_and_the_number_of_the_others_is_told() -> None:
    journal = journal_of(*(node(number, number / 100, plan=f"Idea {number}.") for number in range(1, 31)))
    memory = digest(journal, 80)
    assert "Idea 30." in memory and "Idea 29." in memory and "Idea 1." not in memory
    shown = memory.count("Plan:")
    assert f"({30 - shown} more working solutions scored worse and are left out.)" in memory


def test_of_many_failures_the_latest_are_told() -> None:
    memory = digest(journal_of(*(node(number, plan=f"Idea {number}.") for number in range(1, 101))))
    assert "Idea 100." in memory and "Idea 1." not in memory


def test_the_same_tree_gives_the_same_memory() -> None:
    assert digest(grown(300, 0.4)) == digest(grown(300, 0.4))
