"""A review says what the output says."""

from __future__ import annotations

from typing import Any

import pytest

from harness.gateway.providers.offline.review import findings, last_score, review

TRACEBACK = """reading
Traceback (most recent call last):
  File "solution.py", line 4, in <module>
KeyError: 'Cabin'
"""


def tool(*names: str, shape: str = "openai") -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {} for name in names}}
    if shape == "anthropic":
        return {"name": "submit_review", "input_schema": schema}
    return {"type": "function", "function": {"name": "submit_review", "parameters": schema}}


def test_score_line_and_folds_are_reported() -> None:
    output = "seed 0: fold of 9 rows scores 0.80\nseed 0: fold of 9 rows scores 0.82\nvalidation score: 0.81\n"
    is_bug, summary, metric = findings(output)
    assert (is_bug, metric) == (False, 0.81)
    assert "0.8 to 0.82" in summary and "steady" in summary


def test_traceback_is_a_bug_with_its_error_named() -> None:
    is_bug, summary, metric = findings(TRACEBACK)
    assert is_bug and metric is None and "KeyError: 'Cabin'" in summary


@pytest.mark.parametrize("output", ["", "done", "validation score: nan", "validation score: soon", "timed_out"])
def test_output_without_a_usable_score_is_a_bug(output: str) -> None:
    is_bug, _, metric = findings(output)
    assert is_bug and metric is None


def test_last_score_counts() -> None:
    assert last_score("validation score: 0.1\nValidation Score: 3e-1\nvalidation score: inf") == 0.3


def test_score_before_a_crash_is_not_believed() -> None:
    assert findings("validation score: 0.9\n" + TRACEBACK)[2] is None


@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_only_fields_of_the_tool_are_given(shape: str) -> None:
    name, arguments = review("validation score: 2.5", [tool("is_bug", "metric", shape=shape)], False)
    assert name == "submit_review" and arguments == {"is_bug": False, "metric": 2.5}


def test_direction_is_given_where_the_tool_asks_for_it() -> None:
    _, arguments = review("validation score: 1", [tool("is_bug", "summary", "metric", "lower_is_better")], False)
    assert arguments["lower_is_better"] is True


@pytest.mark.parametrize("tools", [[], [{}], [{"function": None}], [{"name": 3}], ["tool"]])
def test_strange_tools_get_the_usual_call(tools: list[Any]) -> None:
    name, arguments = review("validation score: 1", tools, True)
    assert name == "submit_review" and set(arguments) == {"is_bug", "summary", "metric"}
