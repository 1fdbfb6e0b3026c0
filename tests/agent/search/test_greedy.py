"""AIDE's greedy policy, rule by rule."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from agent.contract import SearchSettings
from agent.journal import Journal
from agent.search import policy_for
from agent.search.base import Debug, Draft, Improve
from agent.search.greedy import Greedy
from tests.agent.search.policy_contract import SearchPolicyContract, progress_of
from tests.agent.trees import journal_of, node, node_id


class TestGreedyContract(SearchPolicyContract):
    @pytest.fixture(params=[(5, 0.5, 4), (5, 1.0, 21), (1, 0.0, 1)], ids=["aide", "aide-mle-bench", "never debugs"])
    def policy(self, request: pytest.FixtureRequest) -> Greedy:
        return Greedy(*request.param)


def choose(policy: Greedy, journal: Journal, seed: int = 0) -> Draft | Improve | Debug:
    return policy.choose(journal, progress_of(journal), random.Random(seed))


def test_drafts_until_there_are_enough_even_when_all_of_them_fail() -> None:
    policy = Greedy(num_drafts=3, debug_prob=1.0, longest_debug_chain=4)
    assert isinstance(choose(policy, journal_of(node(1), node(2))), Draft)
    assert isinstance(choose(policy, journal_of(node(1), node(2), node(3))), Debug)


def test_improves_the_best_when_nothing_is_broken() -> None:
    journal = journal_of(node(1, 0.4), node(2, 0.8), node(3, 0.6))
    assert choose(Greedy(3, 1.0, 4), journal) == Improve(journal[node_id(2)])


def test_drafts_again_when_nothing_works_and_nothing_is_to_be_mended() -> None:
    assert choose(Greedy(1, 0.0, 4), journal_of(node(1))) == Draft()


def test_debugs_with_the_given_probability() -> None:
    journal = journal_of(node(1), node(2, 0.5))
    chosen = Counter(type(choose(Greedy(2, 0.5, 4), journal, seed)) for seed in range(1000))
    assert set(chosen) == {Debug, Improve}
    assert 400 < chosen[Debug] < 600


def test_debugs_any_of_the_broken_leaves() -> None:
    journal = journal_of(*(node(number) for number in range(1, 6)))
    mended = {choose(Greedy(5, 1.0, 4), journal, seed).parents[0].id for seed in range(200)}
    assert mended == {node_id(number) for number in range(1, 6)}


@pytest.mark.parametrize(("max_debug_depth", "longest"), [(0, 1), (3, 4), (20, 21)])
def test_settings_mean_what_they_mean_in_aideml(max_debug_depth: int, longest: int) -> None:
    """A chain reaches one debug more than the number says, then the search leaves it alone."""
    policy = policy_for(SearchSettings("greedy", 50, 1, 1.0, max_debug_depth, 5))
    journal = journal_of(node(1))
    debugs = 0
    while isinstance(policy.choose(journal, progress_of(journal), random.Random(0)), Debug):
        debugs += 1
        journal.append(node(1 + debugs, parent=debugs, action="debug"))
    assert debugs == longest


def test_an_unknown_policy_names_those_that_exist() -> None:
    with pytest.raises(ValueError, match="called 'magic'; there are: best-of-n, evolution, greedy, mcts, top-k"):
        policy_for(SearchSettings("magic", 1, 1, 0.5, 3, 5))
