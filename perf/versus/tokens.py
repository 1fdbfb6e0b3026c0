"""Input tokens of 500 steps. Ours: a run of our loop with the same replies, of which nothing is executed. aideml's: its
prompts grow by the same amount with every good node, so a line through those that were seen gives the others.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agent.agent import Agent
from agent.contract import RunRequest
from agent.interpreter import Execution
from agent.journal import Journal
from agent.llm.base import Reply, Request, Usage
from agent.operators.base import Task
from agent.preview import preview
from agent.promptset import SHIPPED, PromptSet
from agent.scripted import MemoryGateway, ScriptedInterpreter, ScriptedLLM
from agent.search import policy_for
from agent.tokens import tokens
from agent.workspace import Workspace
from perf.versus.ours import Taken
from perf.versus.provider import SUMMARY
from perf.versus.scripts import SCRIPTS

STEPS = 500


def ours(taken: Taken, data: Path) -> list[int]:
    """Return the input tokens of each of our steps, with the request and the data of a real run."""
    request = RunRequest.from_json(taken.request)
    request = replace(request, search=replace(request.search, steps=STEPS), workers=1)
    counted: list[int] = []

    def answer(asked: Request) -> Reply:
        if asked.tool is None:
            counted.append(0)
        counted[-1] += _tokens(asked)
        return _review() if asked.tool else Reply(next(replies), Usage(0, 0), "fake")

    replies, model = _replies(), ScriptedLLM(answer)
    with tempfile.TemporaryDirectory(prefix="podium-versus-") as name:
        folder = Path(name)
        Agent(
            request=request,
            task=Task(
                brief=request.competition,
                description=(data / "description.md").read_text(encoding="utf-8"),
                preview=preview(data),
                packages=taken.packages,
                k_fold=request.search.k_fold,
            ),
            policy=policy_for(request.search),
            prompts=PromptSet.load(SHIPPED / request.prompt_set),
            coder=model,
            reviewer=model,
            interpreters=[ScriptedInterpreter(_Executions(taken.scores, data / "sample_submission.csv"))],
            gateway=MemoryGateway(),
            workspace=Workspace(folder / "nodes", folder / "submission" / "submission.csv"),
            journal=Journal(request.competition.direction),
        ).run()
    return counted


def theirs(steps: Sequence[int]) -> int:
    """Return aideml's input tokens of 500 steps, from those of its first ones; drafts are the first five."""
    improvements = list(enumerate(steps, start=1))[5:]
    mean_at = sum(at for at, _ in improvements) / len(improvements)
    mean = sum(count for _, count in improvements) / len(improvements)
    spread = sum((at - mean_at) ** 2 for at, _ in improvements)
    slope = sum((at - mean_at) * (count - mean) for at, count in improvements) / spread
    return sum(steps) + round(sum(mean + slope * (at - mean_at) for at in range(len(steps) + 1, STEPS + 1)))


def _tokens(asked: Request) -> int:
    tool = asked.tool
    schema = 0 if tool is None else tokens(json.dumps([tool.name, tool.description, tool.parameters]))
    return schema + sum(tokens(message.text) for message in asked.messages)


def _replies() -> Iterator[str]:
    """Yield the scripts again and again, each time with another last line: one that was run is not run again."""
    for number in itertools.count():
        script = SCRIPTS[number % len(SCRIPTS)]
        yield script.reply.replace("    main()\n```", f"    main()  # {number}\n```")


def _review() -> Reply:
    arguments = {"is_bug": False, "summary": SUMMARY.format(score=0.8), "metric": None}
    return Reply("", Usage(0, 0), "fake", arguments)


class _Executions:
    """What scripts give: the scores that were really reached, each time a little other."""

    def __init__(self, scores: Sequence[float], submission: Path) -> None:
        self._numbers = itertools.count()
        self._scores = scores
        self._submission = submission

    def __call__(self, code: str) -> Execution:
        number = next(self._numbers)
        score = self._scores[number % len(self._scores)] + 1e-6 * (number % 7)
        return Execution("ok", 0, None, 0.3, f"validation score: {score:.6f}\n", 0, self._submission, None, True)
