"""Relatives: siblings for a draft and an improvement, failing ancestors for a debug, and the complexity cue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.journal import Journal, Pending
from agent.memory import ancestry, complexity, siblings
from agent.tokens import tokens
from tests.agent.trees import journal_of, node

BUDGET = 600


def family(children: int) -> Journal:
    return journal_of(node(1, 0.5), *(node(n, 0.5, parent=1) for n in range(2, 2 + children)))


@pytest.mark.parametrize(
    ("children", "cue"), [(0, "simple"), (1, "simple"), (2, "normal"), (3, "normal"), (4, "complex"), (9, "complex")]
)
def test_the_cue_follows_the_number_of_children(children: int, cue: str) -> None:
    journal = family(children)
    assert complexity(journal, journal["n0001"]) == cue


def test_for_a_draft_the_cue_follows_the_number_of_drafts() -> None:
    assert complexity(journal_of(), None) == "simple"
    assert complexity(journal_of(*(node(n) for n in range(1, 5))), None) == "complex"


def test_pending_proposals_are_no_kin_yet() -> None:
    journal = family(1)
    journal.propose(Pending("n0003", 3, "improve", ("n0001",)))
    assert complexity(journal, journal["n0001"]) == "simple"
    assert "n0003" not in siblings(journal, journal["n0001"], BUDGET)


def test_siblings_are_the_other_children_good_and_bad_and_nobody_else() -> None:
    journal = journal_of(node(1, 0.5), node(2, 0.6, parent=1), node(3, parent=1), node(4, 0.9), node(5, 0.7, parent=2))
    told = siblings(journal, journal["n0001"], BUDGET)
    assert told.splitlines() == [
        "- n0002, improve of n0001, scored 0.6 (0.1 better): Plan 2.",
        "- n0003, improve of n0001, failed: Plan 3. [outcome: failed]",
    ]


def test_a_draft_is_told_how_far_the_branches_of_the_others_got() -> None:
    journal = journal_of(node(1, 0.5), node(2, 0.6), node(3, 0.8, parent=1), node(4, 0.7, parent=3))
    first, second = siblings(journal, None, BUDGET).splitlines()
    assert first.endswith("(its branch reached 0.8)") and "branch" not in second


def test_of_many_siblings_the_latest_are_told() -> None:
    journal = family(200)
    told = siblings(journal, journal["n0001"], BUDGET)
    assert tokens(told) <= 1.1 * BUDGET
    assert "Plan 201." in told and "Plan 2." not in told and "earlier ones are left out" in told.splitlines()[0]


def test_a_debug_is_told_its_failures_back_to_the_last_node_that_worked() -> None:
    journal = journal_of(
        node(1, 0.5),
        node(2, 0.6, parent=1),
        replace(node(3, parent=2), output="Traceback\nKeyError: 'a'\n"),
        replace(node(4, parent=3, action="debug"), output="ValueError: b\n\n"),
        node(5, parent=4, action="debug"),
    )
    assert ancestry(journal, journal["n0005"], BUDGET).splitlines() == [
        "- n0002, improve of n0001, scored 0.6 (0.1 better): Plan 2.",
        "- n0003, improve of n0002, failed: Plan 3. [outcome: failed] Its last line: KeyError: 'a'",
        "- n0004, debug of n0003, failed: Plan 4. [outcome: failed] Its last line: ValueError: b",
    ]


def test_a_broken_draft_has_no_history() -> None:
    journal = journal_of(node(1))
    assert ancestry(journal, journal["n0001"], BUDGET) == ""


def test_of_a_long_chain_the_latest_failures_are_told() -> None:
    journal = journal_of(node(1), *(node(n, parent=n - 1, action="debug") for n in range(2, 100)))
    told = ancestry(journal, journal["n0099"], 200)
    assert tokens(told) <= 1.2 * 200 and "Plan 98." in told and "Plan 3." not in told
