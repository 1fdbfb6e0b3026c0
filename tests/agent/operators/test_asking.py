"""Who is asked again, and who is asked instead; the real wire formats are in tests/contract."""

from __future__ import annotations

import pytest

from agent.ends import BudgetExhausted, ModelUnavailable
from agent.llm.absent import OnceAbsent
from agent.llm.base import Message, Reply, Request, Usage
from agent.operators.asking import Question, Read, ask
from agent.scripted import ScriptedLLM

MESSAGES = (Message("system", "Be brief."), Message("user", "A number?"))


def question(times: int = 2) -> Question[str]:
    def read(reply: Reply) -> Read[str]:
        return Read(reply.text, None if reply.text.isdigit() else "it is no number")

    return Question("code", Request(MESSAGES, seed=0), read, "A number.", times)


def test_the_tokens_of_all_models_are_counted() -> None:
    first = ScriptedLLM([Reply("x", Usage(10, 1), "a")] * 2, name="a")
    answer = ask([first, ScriptedLLM([Reply("7", Usage(5, 1), "b")])], question())
    assert (answer.value, answer.problem, answer.usage) == ("7", None, Usage(25, 3))


def test_the_fallback_is_asked_the_first_question_not_shown_anothers_reply() -> None:
    second = ScriptedLLM(["7"])
    ask([ScriptedLLM(["x", "y"]), second], question())
    assert second.requests[0].messages == MESSAGES


def test_a_failure_of_the_provider_is_asked_again_as_it_was() -> None:
    llm = ScriptedLLM([Reply("", Usage(), "m", stop="failed", why="overloaded"), "7"])
    answer = ask([llm], question())
    assert llm.requests[0] == llm.requests[1] and answer.asks[0].problem == "the provider failed (overloaded)"


def test_a_usable_reply_is_taken_whatever_its_end() -> None:
    assert ask([ScriptedLLM([Reply("7", Usage(), "m", stop="declined")])], question()).problem is None


def test_a_spent_budget_ends_the_run_whoever_else_there_is() -> None:
    with pytest.raises(BudgetExhausted):
        ask([ScriptedLLM([BudgetExhausted("spent")]), ScriptedLLM(["7"])], question())


def test_long_reasons_are_cut_since_every_node_keeps_them() -> None:
    llm = ScriptedLLM([Reply("", Usage(), "m" * 1000, stop="declined", why="no " * 1000)] * 2)
    kept = ask([llm], question()).asks[0]
    assert len(kept.problem or "") == 400 and len(kept.model) == 200


def test_a_model_that_could_not_be_had_is_not_waited_for_again() -> None:
    first = ScriptedLLM([ModelUnavailable("503")], name="a")  # a second call would find the list empty
    models = [OnceAbsent(first), ScriptedLLM(["7", "8"], name="b")]
    assert [ask(models, question()).value for _ in range(2)] == ["7", "8"]
    assert len(first.requests) == 1
