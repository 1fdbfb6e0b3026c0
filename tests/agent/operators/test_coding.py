"""Asking for a program: what is asked again, how often, and what is left at the end."""

from __future__ import annotations

from agent.llm.base import Message, Reply, RequestRefused, Usage
from agent.operators.coding import MAX_ASKS, propose
from agent.scripted import ScriptedLLM

MESSAGES = (Message("system", "Be brief."), Message("user", "Write a script."))
GOOD = "Plan.\n```python\nprint(1)\n```"


def test_a_good_reply_is_taken_at_once() -> None:
    llm = ScriptedLLM([GOOD])
    proposal = propose([llm], MESSAGES, seed=3)
    assert (proposal.plan, proposal.code, proposal.problem) == ("Plan.", "print(1)\n", None)
    assert llm.requests[0].messages == MESSAGES and llm.requests[0].seed == 3


def test_the_second_question_shows_the_reply_and_what_is_wrong_with_it() -> None:
    llm = ScriptedLLM(["I would use a forest.", GOOD])
    assert propose([llm], MESSAGES, seed=0).code == "print(1)\n"
    echo, complaint = llm.requests[1].messages[2:]
    assert (echo.role, echo.text) == ("assistant", "I would use a forest.")
    assert complaint.role == "user" and "holds no ```python block" in complaint.text


def test_a_syntax_error_is_shown_to_the_model() -> None:
    llm = ScriptedLLM(["Plan.\n```python\nx = (\n```", GOOD])
    propose([llm], MESSAGES, seed=0)
    assert "does not compile" in llm.requests[1].messages[3].text


def test_a_reply_that_was_cut_off_is_said_to_be() -> None:
    llm = ScriptedLLM([Reply("Plan.\n```python\nx = (", Usage(), "m", stop="cut_off"), GOOD])
    propose([llm], MESSAGES, seed=0)
    assert "cut off at the token limit" in llm.requests[1].messages[3].text


def test_an_empty_reply_is_not_echoed_since_providers_refuse_empty_turns() -> None:
    llm = ScriptedLLM(["", GOOD])
    propose([llm], MESSAGES, seed=0)
    assert [message.role for message in llm.requests[1].messages] == ["system", "user"]
    assert "Your last reply can't be used" in llm.requests[1].messages[1].text


def test_it_gives_up_after_so_many_asks_and_counts_the_tokens_of_all() -> None:
    llm = ScriptedLLM([Reply("no", Usage(10, 1), "m")] * MAX_ASKS)
    proposal = propose([llm], MESSAGES, seed=0)
    assert proposal.problem is not None and not proposal.refused
    assert proposal.usage == Usage(10 * MAX_ASKS, MAX_ASKS)
    assert len(llm.requests) == MAX_ASKS


def test_questions_do_not_grow_with_the_number_of_asks() -> None:
    llm = ScriptedLLM(["no"] * MAX_ASKS)
    propose([llm], MESSAGES, seed=0)
    assert len(llm.requests[-1].messages) == 4


def test_code_that_never_compiles_is_kept_for_a_debug() -> None:
    proposal = propose([ScriptedLLM(["Plan.\n```python\nx = (\n```"] * MAX_ASKS)], MESSAGES, seed=0)
    assert proposal.code == "x = (\n" and proposal.problem is not None and "does not compile" in proposal.problem


def test_a_refusal_is_not_asked_again() -> None:
    llm = ScriptedLLM([RequestRefused("too long")])
    proposal = propose([llm], MESSAGES, seed=0)
    assert proposal.refused and proposal.problem == "the model refused the request: too long"


def test_a_block_that_does_not_fit_goes_back_to_the_model_with_what_was_wrong() -> None:
    bad = "Plan.\n<<<<<<< SEARCH\nprint(9)\n=======\nprint(2)\n>>>>>>> REPLACE\n"
    llm = ScriptedLLM([bad, bad.replace("9", "1")])
    proposal = propose([llm], MESSAGES, seed=0, base="print(1)\n")
    assert (proposal.code, proposal.problem) == ("print(2)\n", None)
    complaint = llm.requests[1].messages[3].text
    assert "fits nowhere" in complaint and "search/replace blocks for the solution as it was shown" in complaint
