"""UCT over scripts: what is promising is followed, what is little tried is tried, what is used up is left."""

from __future__ import annotations

import random

import pytest

from agent.journal import Journal, Pending
from agent.search.base import Debug, Draft, Improve, Progress
from agent.search.mcts import ROOT, Mcts, Visits
from tests.agent.search.policy_contract import SearchPolicyContract, progress_of
from tests.agent.trees import journal_of, node, node_id


class TestMctsContract(SearchPolicyContract):
    @pytest.fixture(params=[(5, 4, 5), (1, 1, 1), (5, 21, 3)], ids=["usual", "narrow", "deep"])
    def policy(self, request: pytest.FixtureRequest) -> Mcts:
        return Mcts(*request.param)


def choose(policy: Mcts, journal: Journal, step: int = 10, steps: int = 100) -> Draft | Improve | Debug:
    decision = policy.choose(journal, Progress(step, steps, 0.0, 0.0), random.Random(0))
    assert isinstance(decision, Draft | Improve | Debug)
    return decision


def test_rewards_count_for_every_node_above() -> None:
    journal = journal_of(
        node(1, 0.5), node(2, 0.6, parent=1), node(3, parent=2), node(4, 0.55, parent=3, action="debug")
    )
    visits = journal.view(Visits)
    assert visits.count == {ROOT: 4, node_id(1): 4, node_id(2): 3, node_id(3): 2, node_id(4): 1}
    assert visits.total == {node_id(1): 2 + 2 - 1 + 1, node_id(2): 2 - 1 + 1, node_id(3): 0, node_id(4): 1}


def test_drafts_until_there_are_enough() -> None:
    assert choose(Mcts(2, 4), journal_of(node(1, 0.5))) == Draft()


def test_a_buggy_leaf_is_mended_as_long_as_its_chain_is_short() -> None:
    journal = journal_of(node(1))
    assert choose(Mcts(1, 2), journal) == Debug(journal[node_id(1)])
    journal.append(node(2, parent=1, action="debug"))
    assert choose(Mcts(1, 2), journal) == Debug(journal[node_id(2)])
    journal.append(node(3, parent=2, action="debug"))
    assert choose(Mcts(1, 2), journal) == Draft()


def test_of_equally_tried_branches_the_better_one_is_followed() -> None:
    journal = journal_of(node(1), node(2, 0.5))
    assert choose(Mcts(2, 0), journal) == Improve(journal[node_id(2)])


def test_a_branch_that_was_hardly_tried_gets_its_turn() -> None:
    good = [node(number, 0.5, parent=1) for number in range(3, 6)]
    journal = journal_of(node(1, 0.5), node(2, 0.1), *good)
    assert choose(Mcts(2, 4), journal) == Improve(journal[node_id(2)])


def test_three_failed_improvements_end_a_node() -> None:
    failed = [node(number, 0.4, parent=1) for number in range(2, 5)]
    journal = journal_of(node(1, 0.5), *failed[:2])
    assert choose(Mcts(1, 4), journal) == Improve(journal[node_id(1)])
    journal.append(failed[2])
    assert choose(Mcts(1, 4), journal).parents[0].id in {node_id(2), node_id(3), node_id(4)}


def test_a_node_has_at_most_five_children() -> None:
    better = [node(number, 0.5 + number / 100, parent=1) for number in range(2, 7)]
    journal = journal_of(node(1, 0.5), *better)
    assert choose(Mcts(1, 4), journal).parents[0].id != node_id(1)


def test_a_draft_is_left_alone_while_a_worker_is_below_it() -> None:
    journal = journal_of(node(1, 0.9), node(2, 0.1))
    journal.propose(Pending(node_id(3), 3, "improve", (node_id(1),)))
    assert choose(Mcts(2, 4), journal) == Improve(journal[node_id(2)])
    journal.propose(Pending(node_id(4), 4, "improve", (node_id(2),)))
    assert choose(Mcts(2, 4), journal) == Draft()
    journal.append(node(3, 0.95, parent=1))
    assert choose(Mcts(2, 4), journal).parents[0].id in {node_id(1), node_id(3)}


def test_exploring_weighs_less_and_less_down_to_a_floor() -> None:
    policy = Mcts(5, 4)
    weights = [policy._exploration(Progress(step, 500, 0, 0)) for step in (1, 125, 175, 400, 500)]
    assert weights[0] == weights[1] == policy.exploration
    assert weights[1] > weights[2] > weights[3] == weights[4] == policy.least_exploration


def test_everything_used_up_means_a_new_draft() -> None:
    failed = [node(number, 0.4, parent=1) for number in range(2, 5)]
    below = [node(10 * one.step + number, 0.3, parent=one.step) for one in failed for number in range(1, 4)]
    journal = journal_of(node(1, 0.5), *failed, *below)
    assert choose(Mcts(1, 4, most_failures=3, most_children=3), journal) != Draft()
    assert choose(Mcts(1, 4, most_failures=0), journal) == Draft()
    assert progress_of(journal).step == len(journal) + 1
