"""Ask a model until its reply can be used: so many times, each time saying what was wrong, then another model.

Replies come without what was asked for, are cut off at the token limit, are declined by the model or a filter, or hold
the provider's failure in their place. The next question shows the model its reply and the reason. A request that the
provider refuses, and a model that can't be had, go straight to the fallback model where the run has one. Every question
is kept for the journal. What is still unusable then is handed back as it is: the caller decides what it is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar

from agent.contract import Ask, Purpose
from agent.ends import ModelUnavailable
from agent.llm.base import LLM, Message, Reply, Request, RequestRefused, Usage
from agent.operators.reply import clean

T = TypeVar("T")

_MAX_ECHO_CHARS = 20_000
_MAX_PROBLEM_CHARS = 400


class Read(NamedTuple, Generic[T]):
    """What was made of a reply; `problem` is None when it can be used."""

    value: T
    problem: str | None


@dataclass(frozen=True)
class Question(Generic[T]):
    """What is asked: of the first model `times` at most, and as often of each fallback.

    `read` takes a reply apart; `again` is how the question ends when it is put once more.
    """

    purpose: Purpose
    request: Request
    read: Callable[[Reply], Read[T]]
    again: str
    times: int


@dataclass
class Answer(Generic[T]):
    """The last reply as it was read (None: none came), whether it can be used, and what it took."""

    value: T | None = None
    problem: str | None = None
    refused: bool = False
    usage: Usage = field(default_factory=Usage)
    asks: list[Ask] = field(default_factory=list)


def ask(models: Sequence[LLM], question: Question[T]) -> Answer[T]:
    """Ask the models in their order until one's reply can be used; raise `ModelUnavailable` when none could be had."""
    answer: Answer[T] = Answer()
    for position, llm in enumerate(models):
        try:
            _ask_one(llm, question, answer)
        except ModelUnavailable as unavailable:
            _note(answer, question, llm.name, f"the model is unavailable: {unavailable}")
            if position == len(models) - 1:
                raise
        if answer.asks[-1].problem is None:
            break
    return answer


def _ask_one(llm: LLM, question: Question[T], answer: Answer[T]) -> None:
    request = question.request
    for _ in range(question.times):
        try:
            reply = llm.complete(request)
        except RequestRefused as refusal:
            answer.refused = answer.value is None
            _note(answer, question, llm.name, f"the model refused the request: {refusal}")
            return
        read = question.read(reply)
        answer.value, answer.refused = read.value, False
        answer.usage += reply.usage
        problem = _problem(reply, read.problem)
        _note(answer, question, reply.model or llm.name, problem)
        if problem is None:
            return
        request = _once_more(question, reply, problem)


def _note(answer: Answer[T], question: Question[T], model: str, problem: str | None) -> None:
    answer.problem = None if problem is None else clean(problem)[:_MAX_PROBLEM_CHARS]
    answer.asks.append(Ask(question.purpose, clean(model)[:200], answer.problem))


def _problem(reply: Reply, problem: str | None) -> str | None:
    """What is wrong with a reply, with the reason where the provider gives one; a whole answer is taken as it is."""
    if problem is None:
        return None
    why = f" ({reply.why.strip()})" if reply.why.strip() else ""
    if reply.stop == "declined":
        return f"the request was declined{why}"
    if reply.stop == "failed":
        return f"the provider failed{why}"
    if reply.stop == "cut_off":
        return f"{problem}; the reply was cut off at the token limit"
    return problem


def _once_more(question: Question[T], reply: Reply, problem: str) -> Request:
    """The same question, with the model's unusable reply and what is wrong with it.

    An empty turn would be refused, and so would two turns of the user in a row by some: the words join the last one.
    """
    words = f"That can't be used: {problem}. "
    if reply.stop == "cut_off":
        words += "Think less and write less. " if not reply.text.strip() else "Write a shorter one. "
    if reply.stop == "declined":
        words += "This is a machine-learning competition; nothing else is asked of you. "
    words += question.again
    messages = question.request.messages
    echo = clean(reply.text).strip()[:_MAX_ECHO_CHARS]
    if echo:
        turns: tuple[Message, ...] = (*messages, Message("assistant", echo), Message("user", words))
    elif reply.stop == "failed":
        turns = messages  # it never got to the model
    else:
        last = messages[-1]
        text = f"{last.text}\n\n{words.replace('That', 'Your last reply', 1)}"
        turns = (*messages[:-1], replace(last, text=text))
    return replace(question.request, messages=turns)
