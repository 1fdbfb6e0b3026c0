"""A prompt is understood as far as it goes, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gateway.providers.offline.preview import read_preview
from harness.gateway.providers.offline.reading import Situation, read_memory, read_situation
from harness.gateway.providers.offline.sections import fenced, split_sections

Ask = Callable[..., list[dict[str, Any]]]
TOOL = {"type": "function", "function": {"name": "submit_review", "parameters": {}}}

MEMORY = """Plan: Approach: LightGBM on the columns as they are. More.
Result: It ran through and validated at 0.80.
Validation score: 0.8001

Plan: Change: add category counts (LightGBM).
Validation score: 0.8042

(3 more working solutions scored worse and are left out.)

Did not work:
- Approach: CatBoost on the columns plus code parts and… [outcome: failed]
"""


def read(messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None) -> Situation:
    return read_situation(messages, tools or [])


def test_draft_prompt_is_understood(ask: Ask) -> None:
    situation = read(ask("draft", memory=MEMORY))
    assert situation.operator == "draft"
    assert (situation.metric, situation.higher_is_better) == ("accuracy", True)
    assert situation.packages is not None and {"sklearn", "xgboost", "catboost"} <= situation.packages
    assert (situation.folds, situation.steps_left) == (5, 7)
    assert (situation.time_left_seconds, situation.timeout_seconds) == (58 * 60, 600)
    assert situation.code is None and situation.output is None
    assert situation.data.train_rows == 7823


def test_debug_prompt_is_understood(ask: Ask) -> None:
    code = "# Output\nprint('# Data')\n"
    situation = read(ask("debug", code=code, output="KeyError: 'x'", problem="outcome: failed"))
    assert situation.operator == "debug"
    assert situation.code == code
    assert situation.output is not None and "KeyError: 'x'" in situation.output
    assert "failed" in situation.output
    assert situation.complaint.startswith("outcome: failed")


@pytest.mark.parametrize(
    ("parts", "tools", "operator"),
    [
        ({}, [], "draft"),
        ({"code": "x = 1\n"}, [], "improve"),
        ({"code": "x = 1\n", "output": "Traceback"}, [], "debug"),
        ({"code": "x = 1\n", "output": "fine"}, [TOOL], "review"),
    ],
)
def test_operator_is_inferred_when_it_is_not_named(
    ask: Ask, parts: dict[str, str], tools: list[Any], operator: str
) -> None:
    assert read(ask(None, **parts), tools).operator == operator


def test_lower_is_better_is_read(ask: Ask) -> None:
    assert read(ask("draft", metric="rmse", better="lower")).higher_is_better is False


def test_headings_inside_fences_open_no_section() -> None:
    text = "# Solution\n````python\n# Output\n```\n# Data\n````\n# Instructions\nOperator: improve"
    sections = split_sections(text)
    assert set(sections) == {"", "solution", "instructions"}
    assert fenced(sections["solution"]) == "# Output\n```\n# Data\n"


def test_other_agents_headings_are_known() -> None:
    text = "# Task description\nt\n# Previous solution\n## Code\n```python\nx = 1\n```\n# Data Overview\nd"
    sections = split_sections(text)
    assert sections["task"] == "t" and sections["data"] == "d"
    assert fenced(sections["code" if "code" in sections else "solution"]) == "x = 1\n"


def test_memory_holds_successes_and_failures_in_order() -> None:
    first, second, third = read_memory(MEMORY)
    assert first.plan.startswith("Approach: LightGBM") and first.score == 0.8001
    assert second.plan == "Change: add category counts (LightGBM)." and second.score == 0.8042
    assert third.failed and third.score is None and third.plan.endswith("code parts and…")


@pytest.mark.parametrize("score", ["nan", "inf", "1e999", ".", "-"])
def test_memory_score_that_is_no_number_is_none(score: str) -> None:
    (tried,) = read_memory(f"Plan: x\nValidation score: {score}")
    assert tried.score is None


def test_content_in_parts_is_read() -> None:
    parts = [{"type": "text", "text": "# Task\nMetric: `rmse`; lower is better."}, {"type": "image_url"}]
    assert read([{"role": "user", "content": parts}]).metric == "rmse"


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["role", "content"]), st.none() | st.text() | st.integers())))
def test_any_messages_are_read_without_an_exception(messages: list[dict[str, Any]]) -> None:
    read(messages)


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("#`~ \nDataTskOup:-,.csv0123456789rows|%\"'")))
def test_any_layout_is_read_without_an_exception(text: str) -> None:
    read([{"role": "user", "content": text}])
    read_preview(text)
    read_memory(text)
