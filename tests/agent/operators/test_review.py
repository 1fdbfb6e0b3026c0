"""Reviews as models really answer them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.contract import Ask
from agent.llm.base import Message, Reply, RequestRefused, Usage
from agent.operators.review import SUBMIT_REVIEW, Review, read_review, review
from agent.scripted import ScriptedLLM

MESSAGES = (Message("system", "Judge."), Message("user", "The run."))


def read(arguments: dict[str, Any] | None = None, text: str = "") -> Review:
    return read_review(Reply(text, Usage(), "m", arguments))


def test_the_tool_is_asked_for() -> None:
    llm = ScriptedLLM([Reply("", Usage(3, 2), "m", {"is_bug": False, "summary": "Fine.", "metric": 0.5})])
    assert review([llm], MESSAGES, seed=1) == Review(False, "Fine.", 0.5, Usage(3, 2), (Ask("review", "m", None),))
    assert llm.requests[0].tool is SUBMIT_REVIEW


def test_an_integer_is_a_metric() -> None:
    assert read({"is_bug": False, "summary": "", "metric": 250}).metric == 250.0


@pytest.mark.parametrize("metric", [True, "n/a", None, [1], {"value": 1}, "nan", float("inf"), 10**400])
def test_what_is_no_finite_number_is_no_metric(metric: Any) -> None:
    assert read({"is_bug": False, "summary": "", "metric": metric}).metric is None


def test_a_number_in_a_string_is_a_metric() -> None:
    assert read({"is_bug": False, "summary": "", "metric": " 0.81 "}).metric == 0.81


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (True, True),
        ("true", True),
        ("False", False),
        ("no", False),
        (1, True),
        (0, False),
        ("maybe", None),
        (None, None),
    ],
)
def test_ways_to_say_whether_it_is_a_bug(said: Any, meant: bool | None) -> None:
    assert read({"is_bug": said, "summary": "", "metric": None}).is_bug is meant


def test_missing_keys_are_unknown() -> None:
    assert read({"summary": "Fine."}) == Review(None, "Fine.", None)


def test_a_json_object_in_the_text_is_a_review() -> None:
    text = 'Here {it} is:\n```json\n{"is_bug": true, "summary": "It crashed.", "metric": null}\n```'
    assert read(text=text) == Review(True, "It crashed.", None)


def test_a_whole_call_printed_as_text_is_a_review() -> None:
    text = '{"name": "submit_review", "arguments": {"is_bug": false, "summary": "Fine.", "metric": 1}}'
    assert read(text=text) == Review(False, "Fine.", 1.0)


def test_prose_is_a_summary_and_no_judgement() -> None:
    assert read(text="It seems fine.") == Review(None, "It seems fine.", None)


def test_a_review_without_a_judgement_is_asked_for_once_more() -> None:
    llm = ScriptedLLM(["It seems fine.", '{"is_bug": true, "summary": "It leaks.", "metric": null}'])
    found = review([llm], MESSAGES, seed=0)
    assert (found.is_bug, found.summary) == (True, "It leaks.")
    assert [ask.problem for ask in found.asks] == ["it does not say whether the run is a bug", None]
    assert "`is_bug`" in llm.requests[1].messages[-1].text and llm.requests[1].tool is SUBMIT_REVIEW


def test_prose_twice_is_a_summary_and_no_judgement() -> None:
    found = review([ScriptedLLM(["Fine.", "It seems fine."])], MESSAGES, seed=0)
    assert (found.is_bug, found.summary) == (None, "It seems fine.")


def test_a_refusal_leaves_the_review_open() -> None:
    found = review([ScriptedLLM([RequestRefused("too long")])], MESSAGES, seed=0)
    assert found.is_bug is None and "too long" in found.summary


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    )
)
def test_any_arguments_are_read(value: Any) -> None:
    assert_usable(read({"is_bug": value, "summary": value, "metric": value}))


@given(st.text(st.sampled_from('{}[]":, \nis_bugmetricarguments01'), max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert_usable(read(text=text))


def assert_usable(found: Review) -> None:
    """Nothing but a yes, a no, a finite number and a bounded text comes of a reply."""
    assert found.is_bug in (True, False, None) and (found.is_bug is None or isinstance(found.is_bug, bool))
    assert isinstance(found.summary, str) and len(found.summary) <= 1_500
    assert found.metric is None or (isinstance(found.metric, float) and math.isfinite(found.metric))
