"""The tree: what it computes from its nodes, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.contract import Direction
from agent.journal import Journal, Node, Pending
from tests.agent.trees import grown, journal_of, node, node_id


def test_an_empty_journal_has_no_best() -> None:
    journal = Journal("maximize")
    assert journal.best is None
    assert (len(journal), journal.drafts, list(journal.good), list(journal.buggy)) == (0, 0, [], [])


@pytest.mark.parametrize(("direction", "best"), [("maximize", 2), ("minimize", 1)])
def test_best_follows_the_direction(direction: Direction, best: int) -> None:
    journal = journal_of(node(1, 0.1), node(2, 0.9), node(3, 0.5), direction=direction)
    assert journal.best is not None and journal.best.id == node_id(best)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_of_equal_scores_the_earliest_is_best(direction: Direction) -> None:
    journal = journal_of(node(1), node(2, 0.5), node(3, 0.5), direction=direction)
    assert journal.best is not None and journal.best.id == node_id(2)


def test_a_buggy_node_is_never_best_whatever_its_score_says() -> None:
    lying = Node(**{**node(2).__dict__, "score": 0.99})
    journal = journal_of(node(1, 0.5), lying)
    assert journal.best is not None and journal.best.id == node_id(1)
    assert journal.buggy == (lying,)


def test_buggy_drafts_count_as_drafts() -> None:
    assert journal_of(node(1), node(2, 0.5), node(3, 0.5, parent=2)).drafts == 2


def test_debug_depth_counts_debugs_in_a_row() -> None:
    journal = journal_of(
        node(1), node(2, parent=1, action="debug"), node(3, 0.5, parent=2, action="debug"), node(4, parent=3)
    )
    assert [journal.debug_depth(node_id(number)) for number in (1, 2, 3, 4)] == [0, 1, 2, 0]


def test_a_node_with_a_child_is_no_leaf() -> None:
    journal = journal_of(node(1), node(2), node(3, parent=1, action="debug"))
    assert [leaf.id for leaf in journal.buggy_leaves(5)] == [node_id(2), node_id(3)]
    assert journal.children(node_id(1)) == (node_id(3),)


def test_leaves_at_the_end_of_a_long_chain_of_debugs_are_left_out() -> None:
    journal = journal_of(node(1), node(2, parent=1, action="debug"), node(3))
    assert [leaf.id for leaf in journal.buggy_leaves(1)] == [node_id(3)]


def test_a_proposal_takes_its_parent_out_of_the_leaves_before_it_is_answered() -> None:
    journal = journal_of(node(1))
    journal.propose(Pending(node_id(2), 2, "debug", (node_id(1),)))
    assert journal.buggy_leaves(5) == []
    assert [pending.id for pending in journal.pending] == [node_id(2)]
    assert len(journal) == 1


def test_a_node_answers_its_proposal() -> None:
    journal = Journal("maximize")
    journal.propose(Pending(node_id(1), 1, "draft", ()))
    assert journal.drafts == 1
    journal.append(node(1, 0.5))
    assert journal.pending == () and journal.drafts == 1


def test_a_node_that_differs_from_its_proposal_is_refused() -> None:
    journal = journal_of(node(1, 0.5))
    journal.propose(Pending(node_id(2), 2, "draft", ()))
    with pytest.raises(ValueError, match="was proposed as"):
        journal.append(node(2, 0.5, parent=1))


def test_an_id_is_used_once() -> None:
    journal = journal_of(node(1, 0.5))
    with pytest.raises(ValueError, match="n0001 is in the journal already"):
        journal.append(node(1, 0.6))
    with pytest.raises(ValueError, match="n0001 is in the journal already"):
        journal.propose(Pending(node_id(1), 1, "draft", ()))


def test_a_parent_must_be_known() -> None:
    with pytest.raises(ValueError, match=r"not in the journal: \['n0007'\]"):
        journal_of(node(1, 0.5, parent=7))


@given(st.integers(0, 60), st.floats(0, 1), st.integers(0, 1000), st.sampled_from(["maximize", "minimize"]))
def test_what_is_kept_up_to_date_is_what_one_would_count(
    size: int, buggy_share: float, seed: int, direction: Direction
) -> None:
    journal = grown(size, buggy_share, seed, direction)
    nodes = list(journal)
    good = [one for one in nodes if not one.buggy]
    sign = 1 if direction == "maximize" else -1
    ranked = sorted(good, key=lambda one: (-sign * (one.score or 0.0), one.step))
    parents = {parent for one in nodes for parent in one.parents}
    assert journal.good == ranked
    assert journal.best == (ranked[0] if ranked else None)
    assert journal.top(3) == ranked[:3]
    assert list(journal.buggy) == [one for one in nodes if one.buggy]
    assert journal.buggy_leaves(10**6) == [one for one in nodes if one.buggy and one.id not in parents]
    assert journal.drafts == sum(one.action == "draft" for one in nodes)


def test_a_chain_of_debugs_may_be_as_long_as_the_run() -> None:
    """Nothing walks the tree recursively."""
    journal = journal_of(node(1), *(node(number, parent=number - 1, action="debug") for number in range(2, 5001)))
    assert journal.debug_depth(node_id(5000)) == 4999


def test_appending_costs_the_same_in_a_large_tree() -> None:
    """Counted, not timed: a step on 10,000 nodes makes about as many calls as one on 20."""
    assert _calls_of_a_step(10_000) <= 2 * _calls_of_a_step(20)


def _calls_of_a_step(size: int) -> int:
    import sys

    journal = grown(size, 0.3)
    count = 0

    def counting(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counting)
    try:
        journal.append(node(size + 1, 0.5))
        _ = journal.best, journal.top(20), journal.recent_buggy(20)
    finally:
        sys.setprofile(None)
    return count
