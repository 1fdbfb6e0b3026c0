"""Two of the coder's scripts become one that blends them; what can't be joined is improved instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.gateway.providers.offline import OfflineCoder
from harness.gateway.providers.offline.merging import MOST_MEMBERS, join
from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.recipe import Member, Recipe, from_code
from harness.gateway.providers.offline.render import render

ONE = Recipe("classification", "accuracy", (Member("linear"),), ("split_parts",))
TWO = Recipe("classification", "accuracy", (Member("extra_trees"), Member("linear", (("C", 2.0),))), ("log_amounts",))


def test_models_and_features_of_both_are_joined_and_the_first_decides_the_rest() -> None:
    joined = join(replace(ONE, folds=3), replace(TWO, folds=5, max_rows=100))
    assert joined.families == ("linear", "extra_trees") and joined.members[0].params == ()
    assert set(joined.features) == {"split_parts", "log_amounts"}
    assert (joined.folds, joined.max_rows) == (3, None)


def test_a_blend_does_not_grow_without_end() -> None:
    many = replace(TWO, members=tuple(Member(name) for name in ("hist_boosting", "neighbours", "extra_trees", "naive")))
    assert len(join(ONE, many).members) <= MOST_MEMBERS


@pytest.mark.parametrize("other", [replace(TWO, task="regression"), replace(TWO, metric="f1"), ONE])
def test_what_does_not_fit_joins_nothing(other: Recipe) -> None:
    assert join(ONE, other) == ONE


def merged(ask: Any, first: str, second: str) -> str:
    messages = ask("merge", code=first)
    user = messages[1]
    fence = "```"
    user["content"] = user["content"].replace(
        "# Instructions\n", f"# Other solution\n\n{fence}python\n{second}{fence}\n\n# Instructions\n"
    )
    return OfflineCoder().answer(messages, [], 0).text


def test_the_coder_merges_two_of_its_scripts_and_the_result_runs(
    ask: Any, taken_apart: Any, make_data: Any, run_script: Any
) -> None:
    data = make_data({"y": "flag"})
    reply = taken_apart(merged(ask, render(ONE, DataFacts()), render(TWO, DataFacts())))
    assert from_code(reply.code) == join(ONE, TWO)
    assert reply.plan.startswith("Merge: ")
    assert run_script(reply.code, data.folder).score > 0.6


def test_foreign_scripts_are_answered_with_a_script_all_the_same(ask: Any, taken_apart: Any) -> None:
    assert from_code(taken_apart(merged(ask, "x = 1\n", render(TWO, DataFacts()))).code) is not None
