"""Parents by fitness, crossover from the second generation on."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from agent.search.base import Debug, Draft, Improve, Merge
from agent.search.evolution import Evolution
from tests.agent.search.policy_contract import SearchPolicyContract, progress_of
from tests.agent.trees import journal_of, node, node_id


class TestEvolutionContract(SearchPolicyContract):
    @pytest.fixture(params=[0.0, 0.5, 1.0], ids=["never crosses", "half", "always crosses"])
    def policy(self, request: pytest.FixtureRequest) -> Evolution:
        return Evolution(5, 0.5, 4, crossover_prob=request.param)


def test_the_fitter_are_chosen_more_often_and_nobody_never() -> None:
    journal = journal_of(node(1, 0.9), node(2, 0.5), node(3, 0.1))
    policy = Evolution(3, 0.0, 4, crossover_prob=0)
    chosen = Counter(
        policy.choose(journal, progress_of(journal), random.Random(seed)).parents[0].id for seed in range(600)
    )
    assert chosen[node_id(1)] > chosen[node_id(2)] > chosen[node_id(3)] > 0


def test_two_are_crossed_from_the_second_generation_on() -> None:
    first = journal_of(node(1, 0.9), node(2, 0.5))
    both = journal_of(node(1, 0.9), node(2, 0.5), node(3, 0.95, parent=1), node(4, 0.6, parent=2))
    policy = Evolution(2, 0.0, 4, crossover_prob=1)
    assert isinstance(policy.choose(first, progress_of(first), random.Random(0)), Improve)
    decisions = [policy.choose(both, progress_of(both), random.Random(seed)) for seed in range(50)]
    assert all(isinstance(decision, Merge) for decision in decisions)
    assert len({decision.parents for decision in decisions}) > 3


def test_the_population_is_the_best() -> None:
    journal = journal_of(*(node(number, number / 100) for number in range(1, 30)))
    policy = Evolution(3, 0.0, 4, population=5, crossover_prob=0.5)
    parents = {
        parent.id
        for seed in range(300)
        for parent in policy.choose(journal, progress_of(journal), random.Random(seed)).parents
    }
    assert parents == {node_id(number) for number in range(25, 30)}


def test_drafts_first_and_mends_what_is_broken() -> None:
    one = journal_of(node(1, 0.5))
    assert Evolution(3, 1.0, 4).choose(one, progress_of(one), random.Random(0)) == Draft()
    journal = journal_of(node(1, 0.5), node(2))
    assert Evolution(2, 1.0, 4).choose(journal, progress_of(journal), random.Random(0)) == Debug(journal[node_id(2)])
