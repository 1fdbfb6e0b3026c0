"""What every search policy is held to: one class, inherited by a test class for each policy."""

from __future__ import annotations

import copy
import random
import sys

import pytest

from agent.journal import Journal, Pending
from agent.search.base import Debug, Decision, Draft, Ensemble, Improve, Merge, Progress, SearchPolicy
from tests.agent.trees import grown, journal_of, node, node_id

JOURNALS = {
    "empty": lambda: Journal("maximize"),
    "one buggy draft": lambda: journal_of(node(1)),
    "one good draft": lambda: journal_of(node(1, 0.5)),
    "all buggy": lambda: grown(60, 1.0),
    "all good": lambda: grown(60, 0.0),
    "mixed": lambda: grown(200, 0.4),
    "minimize": lambda: grown(200, 0.4, direction="minimize"),
    "10,000 nodes": lambda: grown(10_000, 0.4),
    "10,000 buggy nodes": lambda: grown(10_000, 1.0),
}


def progress_of(journal: Journal, steps: int = 20_000) -> Progress:
    step = len(journal) + len(journal.pending) + 1
    return Progress(step, steps, elapsed_fraction=step / steps, spent_fraction=step / steps)


class SearchPolicyContract:
    """Inherit, and give a fixture `policy`."""

    @pytest.fixture(params=JOURNALS)
    def journal(self, request: pytest.FixtureRequest) -> Journal:
        made: Journal = JOURNALS[request.param]()
        return made

    def test_is_legal(self, policy: SearchPolicy, journal: Journal) -> None:
        for seed in range(20):
            self._expect_legal(policy.choose(journal, progress_of(journal), random.Random(seed)), journal)

    def _expect_legal(self, decision: Decision, journal: Journal) -> None:
        if isinstance(decision, Draft):
            assert decision.parents == ()
        elif isinstance(decision, Improve):
            assert journal[decision.node.id] is decision.node and not decision.node.buggy
        elif isinstance(decision, Ensemble):
            assert len(set(decision.nodes)) == len(decision.nodes) > 1
            assert all(journal[one.id] is one and not one.buggy for one in decision.nodes)
        elif isinstance(decision, Merge):
            first, second = decision.nodes
            assert first is not second and not first.buggy and not second.buggy
            assert journal[first.id] is first and journal[second.id] is second
        else:
            assert isinstance(decision, Debug) and journal[decision.node.id] is decision.node and decision.node.buggy
            assert journal.children(decision.node.id) == (), "a buggy node is mended once"

    def test_is_deterministic(self, policy: SearchPolicy, journal: Journal) -> None:
        choices = [
            [policy.choose(journal, progress_of(journal), random.Random(seed)) for seed in range(20)] for _ in range(2)
        ]
        assert choices[0] == choices[1]

    def test_leaves_the_journal_as_it_was(self, policy: SearchPolicy, journal: Journal) -> None:
        before = copy.deepcopy(journal)
        policy.choose(journal, progress_of(journal), random.Random(0))
        assert journal == before

    def test_leaves_the_global_random_generator_alone(self, policy: SearchPolicy, journal: Journal) -> None:
        before = random.getstate()
        policy.choose(journal, progress_of(journal), random.Random(0))
        assert random.getstate() == before

    def test_does_not_mend_what_is_being_mended(self, policy: SearchPolicy) -> None:
        journal = journal_of(*(node(number) for number in range(1, 8)))
        for number in range(1, 8):
            journal.propose(Pending(node_id(7 + number), 7 + number, "debug", (node_id(number),)))
        for seed in range(20):
            assert isinstance(policy.choose(journal, progress_of(journal), random.Random(seed)), Draft)

    def test_chooses_the_same_for_a_journal_that_grew_and_one_that_was_restored(self, policy: SearchPolicy) -> None:
        """What a policy remembers of a journal must follow from its nodes: a resumed run has those alone."""
        nodes = list(grown(300, 0.4))
        followed = Journal("maximize")
        for number, one in enumerate(nodes):
            followed.append(one)
            seen = policy.choose(followed, progress_of(followed), random.Random(number))
            if number % 10 == 0:
                restored = journal_of(*nodes[: number + 1])
                assert policy.choose(restored, progress_of(restored), random.Random(number)) == seen

    def test_looks_at_a_large_tree_without_walking_it_in_python(self, policy: SearchPolicy) -> None:
        """Counted, not timed: at most one Python call for each 50 nodes of 10,000, from the second look on."""
        journal = grown(10_000, 0.4)
        policy.choose(journal, progress_of(journal), random.Random(1))
        calls = 0

        def counting(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(counting)
        try:
            policy.choose(journal, progress_of(journal), random.Random(0))
        finally:
            sys.setprofile(None)
        assert calls <= 200
