"""Best of n: drafts only, mended where that is allowed."""

from __future__ import annotations

import random

import pytest

from agent.contract import SearchSettings
from agent.search import policy_for
from agent.search.base import Debug, Draft
from agent.search.best_of_n import BestOfN
from tests.agent.search.policy_contract import SearchPolicyContract, progress_of
from tests.agent.trees import grown, journal_of, node


class TestBestOfNContract(SearchPolicyContract):
    @pytest.fixture(params=[(0.0, 1), (0.5, 4), (1.0, 21)], ids=["never debugs", "sometimes", "always"])
    def policy(self, request: pytest.FixtureRequest) -> BestOfN:
        return BestOfN(*request.param)


def test_never_improves_what_works() -> None:
    journal = grown(100, 0.7)
    policy = policy_for(SearchSettings("best-of-n", 20, 5, 0.5, 3, 5))
    chosen = {type(policy.choose(journal, progress_of(journal), random.Random(seed))) for seed in range(100)}
    assert chosen == {Draft, Debug}


def test_drafts_when_nothing_is_broken() -> None:
    journal = journal_of(node(1, 0.5))
    assert BestOfN(1.0, 4).choose(journal, progress_of(journal), random.Random(0)) == Draft()
