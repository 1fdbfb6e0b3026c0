"""The coder as the gateway calls it: pure, deterministic, never without an answer."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gateway.providers.offline import OfflineCoder
from harness.gateway.providers.offline.recipe import Recipe, from_code

Ask = Callable[..., list[dict[str, Any]]]
TakenApart = Callable[[str], Any]
TOOL = {
    "type": "function",
    "function": {"name": "submit_review", "parameters": {"properties": {"is_bug": {}, "summary": {}, "metric": {}}}},
}


def recipe_of(text: str, taken_apart: TakenApart) -> Recipe:
    recipe = from_code(taken_apart(text).code)
    assert recipe is not None
    return recipe


@pytest.mark.parametrize("operator", ["draft", "improve", "debug", "merge", "review"])
def test_same_request_gives_the_same_answer(ask: Ask, operator: str) -> None:
    code, output = ("x = 1\n", "NameError: y") if operator != "draft" else (None, None)
    tools = [TOOL] if operator == "review" else []
    messages = ask(operator, code=code, output=output)
    assert OfflineCoder().answer(messages, tools, 3) == OfflineCoder().answer(messages, tools, 3)


def test_clock_does_not_change_the_answer(ask: Ask) -> None:
    answers = {OfflineCoder().answer(ask("draft", time_left=left), [], 0).text for left in ("58 minutes", "9 minutes")}
    assert len(answers) == 1


def test_seeds_begin_differently(ask: Ask, taken_apart: TakenApart) -> None:
    first = {recipe_of(OfflineCoder().answer(ask("draft"), [], seed).text, taken_apart) for seed in range(12)}
    assert len({recipe.families for recipe in first}) >= 4


@pytest.mark.parametrize("seed", range(5))
def test_five_drafts_are_five_families(ask: Ask, taken_apart: TakenApart, seed: int) -> None:
    memory, families = "", []
    for step in range(5):
        answer = taken_apart(OfflineCoder().answer(ask("draft", memory=memory, steps_left=20 - step), [], seed).text)
        recipe = from_code(answer.code)
        assert recipe is not None and len(recipe.members) == 1
        families.append(recipe.families[0])
        memory += f"Plan: {' '.join(answer.plan.split())}\nValidation score: 0.8\n\n"
    assert len(set(families)) == 5


def test_drafts_hardly_ever_repeat(ask: Ask, taken_apart: TakenApart) -> None:
    memory, codes = "", set()
    for step in range(60):
        answer = taken_apart(OfflineCoder().answer(ask("draft", memory=memory, steps_left=90 - step), [], 0).text)
        codes.add(answer.code)
        memory += f"Plan: {' '.join(answer.plan.split())}\nValidation score: 0.8\n\n"
    assert len(codes) >= 57  # two ways of wording may lead to one script


def test_little_time_on_a_large_table_means_fewer_rows(ask: Ask, taken_apart: TakenApart) -> None:
    large = "train.csv: 900000 rows, 2 columns\n- `x`: number, 9 values from 1 to 2\n"
    limits = {}
    for left in ("58 minutes", "100 seconds", "20 seconds"):
        answer = OfflineCoder().answer(ask("draft", data=large, time_left=left), [], 0).text
        limits[left] = recipe_of(answer, taken_apart).max_rows
    assert limits == {"58 minutes": 300_000, "100 seconds": 150_000, "20 seconds": 30_000}


def test_failed_draft_is_not_drafted_again(ask: Ask, taken_apart: TakenApart) -> None:
    first = taken_apart(OfflineCoder().answer(ask("draft"), [], 0).text)
    cut = " ".join(first.plan.split())[:100].rstrip() + "…"
    memory = f"Did not work:\n- {cut} [outcome: failed]"
    assert taken_apart(OfflineCoder().answer(ask("draft", memory=memory), [], 0).text).code != first.code


def test_library_that_is_not_installed_is_never_used(ask: Ask, taken_apart: TakenApart) -> None:
    messages = ask("draft", packages="numpy 2.4, pandas 3.0, scikit-learn 1.8")
    for seed in range(20):
        code = taken_apart(OfflineCoder().answer(messages, [], seed).text).code
        imported = {node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)}
        assert not {name for name in imported if name in ("lightgbm", "xgboost", "catboost")}


def test_plan_has_three_to_five_sentences(ask: Ask, taken_apart: TakenApart) -> None:
    code = taken_apart(OfflineCoder().answer(ask("draft"), [], 0).text).code
    prompts = [ask("draft"), ask("improve", code=code), ask("debug", code=code, output="MemoryError")]
    for messages in prompts:
        plan = taken_apart(OfflineCoder().answer(messages, [], 0).text).plan
        assert 3 <= plan.count(". ") + plan.endswith(".") <= 6


def test_foreign_parent_gets_a_fresh_draft(ask: Ask, taken_apart: TakenApart) -> None:
    answer = taken_apart(OfflineCoder().answer(ask("improve", code="print('hello')\n"), [], 0).text)
    assert answer.plan.startswith("Approach:") and from_code(answer.code) is not None


def test_review_is_a_tool_call_and_code_is_text(ask: Ask) -> None:
    review = OfflineCoder().answer(ask("review", code="x = 1\n", output="validation score: 0.5"), [TOOL], 0)
    assert (review.text, review.tool_name) == ("", "submit_review")
    draft = OfflineCoder().answer(ask("draft"), [], 0)
    assert draft.tool_name is None and draft.tool_arguments is None


def test_task_in_another_layout_is_served(taken_apart: TakenApart) -> None:
    text = (
        "# Introduction\nYou compete.\n# Task description\n## Evaluation\nEvaluated on the root mean squared error.\n"
    )
    draft = recipe_of(OfflineCoder().answer([{"role": "system", "content": text}], [], 0).text, taken_apart)
    assert (draft.task, draft.metric) == ("regression", "rmse")
    code = taken_apart(OfflineCoder().answer([{"role": "system", "content": text}], [], 0).text).code
    text += f"# Implementation\n```python\n{code}```\n# Execution output\nvalidation score: 3.5\n"
    fields = {"is_bug": {}, "summary": {}, "metric": {}, "lower_is_better": {}}
    tool = {"type": "function", "function": {"name": "submit_review", "parameters": {"properties": fields}}}
    arguments = OfflineCoder().answer([{"role": "system", "content": text}], [tool], 0).tool_arguments
    assert arguments is not None
    assert (arguments["is_bug"], arguments["metric"], arguments["lower_is_better"]) == (False, 3.5, True)


def test_flaws_are_planted_only_when_asked_for(ask: Ask) -> None:
    honest = {OfflineCoder().answer(ask("draft"), [], seed).text for seed in range(8)}
    flawed = {OfflineCoder(flaws=1.0).answer(ask("draft"), [], seed).text for seed in range(8)}
    assert not honest & flawed


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["role", "content", "x"]), st.none() | st.text() | st.lists(st.text()))),
    st.lists(st.dictionaries(st.sampled_from(["function", "name", "parameters"]), st.none() | st.text())),
    st.integers(),
)
def test_any_request_gets_an_answer(messages: list[Any], tools: list[Any], seed: int) -> None:
    answer = OfflineCoder().answer(messages, tools, seed)
    assert answer.tool_name is not None or "```python" in answer.text


@settings(deadline=None)
@given(st.sampled_from(["draft", "improve", "debug"]), st.text(), st.text(), st.text(), st.integers(0, 99))
def test_answer_to_any_content_is_a_program(operator: str, code: str, output: str, data: str, seed: int) -> None:
    text = f"# Task\n{data}\n# Data\n{data}\n# Solution\n```python\n{code}\n```\n# Output\n{output}\n"
    text += f"# Instructions\nOperator: {operator}"
    answer = OfflineCoder().answer([{"role": "user", "content": text}], [], seed)
    ast.parse(answer.text.split("```python\n", 1)[1].rsplit("```", 1)[0])
