"""Explore every branch until half-time, then work on the best few of several branches."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from agent.journal import Journal
from agent.search.base import Debug, Draft, Improve, Progress
from agent.search.top_k import TopK
from tests.agent.search.policy_contract import SearchPolicyContract
from tests.agent.trees import journal_of, node, node_id


class TestTopKContract(SearchPolicyContract):
    @pytest.fixture(params=[0.0, 0.5, 1.0], ids=["only the best", "half", "only exploring"])
    def policy(self, request: pytest.FixtureRequest) -> TopK:
        return TopK(5, 0.5, 4, explore_fraction=request.param)


def tree() -> Journal:
    """Three branches: 1 with 0.9 and its children 4 to 7 just below, 2 with 0.5, 3 with 0.1."""
    children = [node(number, 0.9 - number / 100, parent=1) for number in range(4, 8)]
    return journal_of(node(1, 0.9), node(2, 0.5), node(3, 0.1), *children)


def chosen(policy: TopK, journal: Journal, progress: Progress, times: int = 600) -> Counter[str]:
    decisions = [policy.choose(journal, progress, random.Random(seed)) for seed in range(times)]
    assert all(isinstance(decision, Improve) for decision in decisions)
    return Counter(decision.parents[0].id for decision in decisions)


EARLY, LATE = Progress(8, 100, 0.1, 0.0), Progress(8, 100, 0.6, 0.0)
POLICY = TopK(3, 0.0, 4)


def test_explores_the_best_of_every_branch_alike() -> None:
    found = chosen(POLICY, tree(), EARLY)
    assert set(found) == {node_id(1), node_id(2), node_id(3)}
    assert min(found.values()) > 150


def test_later_takes_the_best_five_with_weight_one_by_rank_and_three_of_a_branch() -> None:
    found = chosen(POLICY, tree(), LATE)
    assert set(found) == {node_id(1), node_id(4), node_id(5), node_id(2), node_id(3)}
    assert found[node_id(1)] > found[node_id(4)] > found[node_id(5)] > found[node_id(3)]
    assert found[node_id(1)] / found[node_id(4)] == pytest.approx(2, rel=0.3)


@pytest.mark.parametrize("progress", [Progress(8, 100, 0.0, 0.6), Progress(60, 100, 0.0, 0.0), LATE])
def test_half_of_time_of_money_or_of_steps_is_half(progress: Progress) -> None:
    assert node_id(4) in chosen(POLICY, tree(), progress)


def test_drafts_first_and_mends_what_is_broken() -> None:
    assert TopK(3, 1.0, 4).choose(journal_of(node(1, 0.5)), EARLY, random.Random(0)) == Draft()
    journal = journal_of(node(1, 0.5), node(2))
    assert TopK(2, 1.0, 4).choose(journal, EARLY, random.Random(0)) == Debug(journal[node_id(2)])
