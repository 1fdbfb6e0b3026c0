"""Patience: the policy's own choice, until the search has got nowhere for too long."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from agent.contract import SearchSettings
from agent.journal import Journal, Pending
from agent.search import policy_for
from agent.search.base import Draft, Improve, Progress, SearchPolicy
from tests.agent.search.policy_contract import SearchPolicyContract
from tests.agent.trees import journal_of, node, node_id

SETTINGS = SearchSettings("greedy", 50, num_drafts=1, debug_prob=0.0, max_debug_depth=3, k_fold=5, patience=3)


def choose(journal: Journal, settings: SearchSettings = SETTINGS) -> object:
    progress = Progress(len(journal) + 1, 50, 0.1, 0.1, journal.stalled, journal.repeats)
    return policy_for(settings).choose(journal, progress, random.Random(0))


class TestPatienceContract(SearchPolicyContract):
    @pytest.fixture(params=["greedy", "mcts"])
    def policy(self, request: pytest.FixtureRequest) -> SearchPolicy:
        return policy_for(replace(SETTINGS, policy=request.param, debug_prob=0.5))


def grown_by(*scores: float) -> Journal:
    """A draft and improvements of it."""
    first, *others = scores
    return journal_of(node(1, first), *(node(number, score, parent=1) for number, score in enumerate(others, start=2)))


def test_while_it_gets_better_the_policy_chooses() -> None:
    assert isinstance(choose(grown_by(0.1, 0.2, 0.3, 0.4, 0.5)), Improve)


def test_after_too_many_nodes_without_a_better_one_it_begins_anew() -> None:
    assert isinstance(choose(grown_by(0.5, 0.1, 0.1)), Improve)
    assert isinstance(choose(grown_by(0.5, 0.1, 0.1, 0.1)), Draft)


def test_a_new_beginning_gets_time_before_the_next() -> None:
    journal = grown_by(0.5, 0.1, 0.1, 0.1)
    journal.append(node(5, 0.2))
    assert isinstance(choose(journal), Improve)
    for number in (6, 7, 8):
        journal.append(node(number, 0.1, parent=5))
    assert isinstance(choose(journal), Draft)


def test_a_new_beginning_that_is_on_its_way_is_enough() -> None:
    journal = grown_by(0.5, 0.1, 0.1, 0.1)
    journal.propose(Pending(node_id(5), 5, "draft", ()))
    assert isinstance(choose(journal), Improve)


def test_after_repetitions_it_begins_anew() -> None:
    journal = grown_by(0.5, 0.6)
    for number in (3, 4):
        journal.append(node(number, 0.5, parent=1, duplicate_of=node_id(1)))
    assert isinstance(choose(journal), Draft)
    journal.propose(Pending(node_id(5), 5, "draft", ()))
    assert isinstance(choose(journal), Improve)


def test_without_patience_nothing_changes() -> None:
    assert isinstance(choose(grown_by(0.5, *[0.1] * 20), replace(SETTINGS, patience=0)), Improve)
