"""Summarizing: the run's memory in a model's own words, for prompt sets that ask for it.

A summary is made of the one before and of the attempts since, so that it costs the same at step 20 and at 500. It takes
the place of the digest that the program writes; when the model refuses or says nothing, the digest stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.excerpt import cut
from agent.journal import Journal, Node
from agent.llm.base import LLM, Message, Request, RequestRefused, Usage
from agent.memory.lines import line
from agent.operators.base import Task, task_values
from agent.operators.reply import clean, without_thoughts
from agent.promptset import Renderer
from agent.tokens import tokens, within

EVERY = 5  # nodes
_PLAN_CHARS = 400


def summarize_messages(
    task: Task, journal: Journal, before: str, new: list[Node], prompts: Renderer
) -> tuple[Message, ...]:
    """Ask for a summary of the run that takes in the new nodes."""
    budget = prompts.settings.memory_tokens
    told = [text for _, text in within(((node, line(journal, node, _PLAN_CHARS)) for node in new), 2 * budget)]
    return prompts.messages(
        "summarize",
        **task_values(task),
        before=before,
        attempts="\n".join(told),
        words=budget // 2,
    )


@dataclass(frozen=True)
class Summary:
    """What a model wrote; empty when it refused, or was not asked."""

    text: str = ""
    usage: Usage = field(default_factory=Usage)


def summarize(llm: LLM, messages: tuple[Message, ...], seed: int) -> Summary:
    """Ask once."""
    try:
        reply = llm.complete(Request(messages, seed))
    except RequestRefused:
        return Summary()
    return Summary(without_thoughts(clean(reply.text)).strip(), reply.usage)


@dataclass
class Chronicle:
    """The summary so far, and of how many nodes it tells. Used by the loop alone; workers ask the model."""

    text: str = ""
    _told: int = 0
    _asked: int = 0
    _budget: int = 0

    def due(self, task: Task, journal: Journal, prompts: Renderer) -> tuple[Message, ...] | None:
        """Return the question for a summary with the nodes since the last, if there are enough and nobody asks yet."""
        if prompts.settings.memory_writer != "model" or self._asked or len(journal) < self._told + EVERY:
            return None
        self._asked, self._budget = len(journal), prompts.settings.memory_tokens
        new = list(journal)[self._told :]
        return summarize_messages(task, journal, self.text, new, prompts)

    def memory(self, journal: Journal) -> str:
        """Return the summary, and the attempts that it does not tell of yet; nothing before the first."""
        if not self.text:
            return ""
        since = list(journal)[self._told :]
        lines = [
            text for _, text in within(((node, line(journal, node)) for node in reversed(since)), self._budget // 2)
        ]
        return "\n\n".join([self.text, *(["\n".join(["Since then:", *reversed(lines)])] if lines else [])])

    def take(self, summary: Summary) -> None:
        """Take the answer in; one that is empty leaves the older summary, and its nodes to the next."""
        if summary.text:
            self.text, self._told = _bounded(summary.text, self._budget), self._asked
        self._asked = 0


def _bounded(text: str, budget: int) -> str:
    """Cut a summary that is longer than was asked for, at a line's end where there is one."""
    if tokens(text) <= budget:
        return text
    kept = [line for _, line in within(((None, line) for line in text.split("\n")), budget)]
    return "\n".join(kept) if kept else cut(text, 3 * budget)
