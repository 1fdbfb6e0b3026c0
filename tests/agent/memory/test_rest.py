"""The run's memory: all of a small tree, a digest of a large one."""

from __future__ import annotations

import time

import pytest

from agent.journal import Journal
from agent.memory import rest
from agent.memory.rest import _unlike
from agent.tokens import tokens
from tests.agent.trees import grown, journal_of, node

BUDGET = 600


def test_nothing_tried_is_no_memory() -> None:
    assert rest(Journal("maximize"), BUDGET) == ""


def test_a_small_tree_is_told_whole_in_the_order_of_the_run() -> None:
    journal = journal_of(
        node(1, 0.5), node(2, plan="Boost."), node(3, 0.7, parent=1), node(4, parent=2, action="debug")
    )
    assert rest(journal, BUDGET).splitlines() == [
        "- n0001, draft, scored 0.5: Plan 1.",
        "- n0002, draft, failed: Boost. [outcome: failed]",
        "- n0003, improve of n0001, scored 0.7 (0.2 better): Plan 3.",
        "- n0004, debug of n0002, failed: Plan 4. [outcome: failed]",
    ]


def test_better_follows_the_metrics_direction() -> None:
    journal = journal_of(node(1, 0.5), node(2, 0.7, parent=1), node(3, 0.5, parent=1), direction="minimize")
    assert "(0.2 worse)" in rest(journal, BUDGET) and "(no change)" in rest(journal, BUDGET)


def test_a_small_trees_memory_only_grows_at_its_end() -> None:
    shorter = journal_of(node(1, 0.5), node(2))
    longer = journal_of(node(1, 0.5), node(2), node(3, 0.9, parent=1))
    assert rest(longer, BUDGET).startswith(rest(shorter, BUDGET))


def test_nodes_that_are_told_elsewhere_are_left_out() -> None:
    journal = journal_of(node(1, 0.5), node(2, 0.6))
    assert rest(journal, BUDGET, [journal["n0001"]]) == "- n0002, draft, scored 0.6: Plan 2."


@pytest.mark.parametrize("buggy_share", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("size", [21, 60, 500, 10_000])
def test_it_keeps_to_its_budget_at_any_size(size: int, buggy_share: float) -> None:
    assert tokens(rest(grown(size, buggy_share), BUDGET)) <= 1.15 * BUDGET


def test_long_plans_make_a_digest_of_a_few_nodes_too() -> None:
    journal = journal_of(*(node(n, n / 10, plan=f"idea{n} " * 100) for n in range(1, 15)))
    assert tokens(rest(journal, 200)) <= 1.15 * 200
    assert "14 attempts so far" in rest(journal, 200)


def test_a_digest_tells_the_best_the_unlike_the_failures_and_the_settings() -> None:
    alike = [node(n, 0.8 + n / 10_000, plan="Gradient boosting with more trees.") for n in range(1, 90)]
    other = node(90, 0.7, plan="A convolutional network on raw signals.")
    broken = node(91, plan="Quantum forest.", analysis="No such library.")
    tuned = [node(100 + n, 0.5, plan="Tune.") for n in range(2)]
    tuned = [
        type(one)(**{**vars(one), "code": f"fit(depth={n}, random_state={n})\n"}) for n, one in enumerate(tuned, 3)
    ]
    text = rest(journal_of(*alike, other, broken, *tuned), BUDGET)
    best, unlike, failed, settings = text.split("\n\n")[1:]
    assert best.startswith("Best so far:\n- n0089,")
    assert "A convolutional network" in unlike.splitlines()[1] and "Gradient" not in unlike.splitlines()[1]
    assert failed.splitlines() == [
        "Did not work:",
        "- n0091, draft, failed: Quantum forest. [outcome: failed. No such library.]",
    ]
    assert "- depth: 3 → 0.5, 4 → 0.5" in settings and "random_state" not in settings


def test_unlike_nodes_are_those_that_share_the_fewest_words() -> None:
    near, far = node(2, 0.8, plan="Trees with more depth."), node(3, 0.7, plan="Neural embeddings.")
    best = node(1, 0.9, plan="Trees with depth.")
    assert [one.id for one in _unlike([best, near, far], [best])] == ["n0003", "n0002"]


def test_each_reason_to_fail_is_told_once_before_any_comes_again() -> None:
    repeated = [node(n, plan=f"Same {n}.", analysis="Timed out.") for n in range(2, 200)]
    journal = journal_of(node(1, plan="Rare.", analysis="Singular matrix."), *repeated[-50:])
    lines = rest(journal, 300).split("Did not work:\n")[1].splitlines()
    assert "Same 199." in lines[0] and "Rare." in lines[1]


def test_the_same_tree_gives_the_same_memory() -> None:
    assert rest(grown(300, 0.4), BUDGET) == rest(grown(300, 0.4), BUDGET)


def test_a_large_tree_costs_hardly_more_to_tell_than_a_middling_one() -> None:
    def seconds(size: int) -> float:
        journal = grown(size, 0.4)
        rest(journal, BUDGET)  # the figures that are kept from node to node
        began = time.process_time()
        for _ in range(5):
            rest(journal, BUDGET)
        return time.process_time() - began

    assert seconds(5_000) < 20 * seconds(500) + 0.5  # a quadratic one would take a hundredfold
