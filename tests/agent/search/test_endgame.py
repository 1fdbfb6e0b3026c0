"""The end game: the other policy's choices until the last part of a run, blends of the best nodes in it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from agent.contract import SearchSettings
from agent.journal import Journal, Node, Pending
from agent.search import policy_for
from agent.search.base import Debug, Decision, Draft, Ensemble, Improve, Progress, SearchPolicy
from agent.search.endgame import MOST_BLENDS, EndGame
from agent.search.greedy import Greedy
from tests.agent.search.policy_contract import SearchPolicyContract
from tests.agent.trees import journal_of, node, node_id

SEARCH = EndGame(Greedy(2, 1.0, 3), share=0.25)


class TestContract(SearchPolicyContract):
    @pytest.fixture
    def policy(self) -> SearchPolicy:
        return SEARCH


class TestContractInTheEndGame(SearchPolicyContract):
    @pytest.fixture
    def policy(self) -> SearchPolicy:
        return EndGame(Greedy(2, 1.0, 3), share=0.9999)


def choose(journal: Journal, step: int = 20, elapsed: float = 0.0, spent: float = 0.0) -> Decision:
    return SEARCH.choose(journal, Progress(step, 20, elapsed, spent), random.Random(0))


def blend(number: int, score: float | None, *parents: int) -> Node:
    return replace(node(number, score, action="ensemble"), parents=tuple(node_id(parent) for parent in parents))


TWO = (node(1, 0.5), node(2, 0.6), node(3, 0.7, parent=1))


@pytest.mark.parametrize(("step", "elapsed", "spent", "blends"), [
    (15, 0.0, 0.0, False), (16, 0.0, 0.0, True), (2, 0.74, 0.0, False), (2, 0.75, 0.0, True), (2, 0.0, 0.8, True),
])  # fmt: skip
def test_it_begins_with_the_last_part_of_steps_time_or_budget(
    step: int, elapsed: float, spent: float, blends: bool
) -> None:
    assert isinstance(choose(journal_of(*TWO), step, elapsed, spent), Ensemble) == blends


def test_the_best_of_each_branch_come_first_then_the_best_of_the_others() -> None:
    journal = journal_of(*TWO, node(4, 0.69, parent=1), node(5))
    assert choose(journal) == Ensemble((journal["n0003"], journal["n0004"], journal["n0002"], journal["n0001"]))


def test_a_second_blend_is_of_the_best_three_and_then_the_other_policy_goes_on() -> None:
    journal = journal_of(*TWO, node(4, 0.69, parent=1))
    journal.append(blend(5, 0.71, 3, 4, 2, 1))
    second = choose(journal)
    assert isinstance(second, Ensemble) and [one.id for one in second.nodes] == ["n0003", "n0004", "n0002"]
    journal.append(blend(6, 0.705, 3, 4, 2))
    assert choose(journal) == Improve(journal["n0005"])


def test_a_blend_that_is_being_made_is_not_made_again() -> None:
    journal = journal_of(*TWO[:2], node(3, 0.7))
    journal.propose(Pending("n0009", 9, "ensemble", ("n0003", "n0002", "n0001")))
    assert isinstance(choose(journal), Improve)


def test_nodes_made_of_a_blend_and_repeated_programs_are_not_blended() -> None:
    journal = journal_of(
        *TWO, blend(4, 0.9, 2, 3), node(5, 0.95, parent=4), replace(node(6, 0.7), duplicate_of="n0003")
    )
    decision = choose(journal)
    assert isinstance(decision, Ensemble) and {one.id for one in decision.nodes} == {"n0001", "n0002", "n0003"}


def test_a_broken_blend_is_mended_before_another_is_made() -> None:
    journal = journal_of(*TWO, blend(4, None, 2, 3))
    assert choose(journal) == Debug(journal["n0004"])
    for number in (5, 6, 7):
        journal.append(node(number, parent=number - 1, action="debug"))
    assert isinstance(choose(journal), Ensemble), "after three mends it is given up"


def test_new_good_nodes_allow_more_blends_but_not_without_end() -> None:
    journal = journal_of(*TWO)
    for number in range(10, 30, 2):
        journal.append(node(number, 0.7 + number / 100, parent=1))
        decision = choose(journal)
        if isinstance(decision, Ensemble):
            journal.append(replace(blend(number + 1, 0.1), parents=tuple(one.id for one in decision.nodes)))
    assert sum(one.action == "ensemble" for one in journal) == MOST_BLENDS


def test_the_last_blend_is_kept_for_what_is_found_in_the_end_game() -> None:
    journal = journal_of(*TWO, blend(4, 0.1, 3, 2, 1), blend(5, 0.1, 3, 2), node(6, 0.9, parent=1))
    assert isinstance(choose(journal, step=17), Improve)
    last = choose(journal, step=20)
    assert isinstance(last, Ensemble) and last.nodes[0].id == "n0006"


@pytest.mark.parametrize("nodes", [(), (node(1),), (node(1, 0.5),)])
def test_without_two_solutions_there_is_nothing_to_blend(nodes: tuple[Node, ...]) -> None:
    assert isinstance(choose(journal_of(*nodes)), Draft | Improve | Debug)


def test_settings_put_it_around_any_policy() -> None:
    settings = SearchSettings("mcts", 20, 5, 0.5, 3, 5)
    assert not isinstance(policy_for(settings), EndGame)
    assert isinstance(policy_for(replace(settings, ensemble_share=0.2)), EndGame)
