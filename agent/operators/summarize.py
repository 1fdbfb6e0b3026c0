"""Summarizing: the run's memory in a model's own words, for prompt sets that ask for it.

A summary is made of the one before and of the attempts since, so that it costs the same at step 20 and at 500. It takes
the place of the digest that the program writes; when the model refuses or says nothing, the digest stays.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass
class Chronicle:
    """The summary so far, and how many nodes it tells of."""

    text: str = ""
    told: int = 0

    def renew(self, llm: LLM, task: Task, journal: Journal, prompts: Renderer, seed: int) -> Usage:
        """Have the model take in the nodes since the last time, if there are enough; return what that used."""
        if prompts.settings.memory_writer != "model" or len(journal) < self.told + EVERY:
            return Usage()
        nodes = list(journal)
        new, self.told = nodes[self.told :], len(nodes)
        messages = summarize_messages(task, journal, self.text, new, prompts)
        try:
            reply = llm.complete(Request(messages, seed))
        except RequestRefused:
            return Usage()
        self.text = _bounded(without_thoughts(clean(reply.text)).strip(), prompts.settings.memory_tokens) or self.text
        return reply.usage


def _bounded(text: str, budget: int) -> str:
    """Cut a summary that is longer than was asked for, at a line's end where there is one."""
    if tokens(text) <= budget:
        return text
    kept = [line for _, line in within(((None, line) for line in text.split("\n")), budget)]
    return "\n".join(kept) if kept else cut(text, 3 * budget)
