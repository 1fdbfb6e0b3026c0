"""What the agent's tests share: a request, a task, and an agent whose model, interpreter and gateway are scripted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agent.agent import Agent
from agent.contract import (
    CandidateLimits,
    CompetitionBrief,
    ModelSettings,
    NodeEvent,
    Outcome,
    RunRequest,
    SearchSettings,
)
from agent.interpreter import Execution
from agent.journal import Journal
from agent.llm.base import LLM, Reply, Request, Usage
from agent.operators.base import Task
from agent.programs import Programs
from agent.promptset import SHIPPED, PromptSet
from agent.scripted import MemoryGateway, ScriptedInterpreter, ScriptedLLM
from agent.search import policy_for
from agent.trials import Trials
from agent.workspace import Workspace


def make_request(**changes: Any) -> RunRequest:
    """A request with AIDE's numbers; search settings may be given flat."""
    search = SearchSettings("greedy", steps=6, num_drafts=2, debug_prob=0.5, max_debug_depth=3, k_fold=5)
    for name in ("steps", "num_drafts", "debug_prob", "max_debug_depth", "policy", "patience", "ensemble_share"):
        if name in changes:
            search = replace(search, **{name: changes.pop(name)})
    request = RunRequest(
        schema_version=1,
        run_id="run",
        competition=CompetitionBrief("toy", "A toy competition", "accuracy", "maximize"),
        search=search,
        code_model=ModelSettings("scripted", "chat"),
        review_model=ModelSettings("scripted", "chat"),
        fallback_model=None,
        seed=0,
        deadline_seconds=3600.0,
        candidate=CandidateLimits(600.0, 1 << 30, 65536, 1 << 30, (0,)),
        workers=1,
        prompt_set="aide",
    )
    return replace(request, **changes)


def make_task(request: RunRequest) -> Task:
    """A small task with every part of the prompt filled."""
    return Task(
        request.competition, "Predict y from x.", "train.csv: 10 rows", {"pandas": "2.2.0"}, request.search.k_fold
    )


def execution(score: float | None = 0.5, outcome: Outcome = "ok", submission: Path | None = None) -> Execution:
    """How a script might have ended."""
    output = "" if score is None else f"fitting\nvalidation score: {score}\n"
    return Execution(
        outcome=outcome,
        exit_code=0 if outcome == "ok" else 1,
        signal=None,
        seconds=0.0,
        output=output,
        peak_memory_bytes=0,
        submission=submission,
        submission_problem=None if submission else "the script wrote no ./working/submission.csv",
        warm_start=False,
    )


def answer(number: int) -> str:
    """A coder's reply whose program is told from others by its number."""
    return f"Plan number {number}.\n\n```python\nprint({number})\n```\n"


def accept(request: Request) -> Reply:
    """A reviewer that finds nothing wrong."""
    return Reply("", Usage(10, 5), "scripted", {"is_bug": False, "summary": "It worked.", "metric": None})


@dataclass
class Bench:
    """An agent with its scripted surroundings within reach."""

    agent: Agent
    coder: ScriptedLLM
    reviewer: ScriptedLLM
    gateway: MemoryGateway
    interpreter: ScriptedInterpreter
    workspace: Workspace

    @property
    def nodes(self) -> list[NodeEvent]:
        return [event for event in self.gateway.events if isinstance(event, NodeEvent)]

    def prompts(self, operator: str) -> list[str]:
        """The user messages that asked for an operator."""
        texts = [request.messages[1].text for request in self.coder.requests]
        return [text for text in texts if f"\nOperator: {operator}\n" in text]


@dataclass
class BenchMaker:
    """Builds agents below one temporary folder."""

    folder: Path
    count: Any = field(default_factory=itertools.count)

    def __call__(
        self,
        outcome_of: Callable[[str], Execution] | None = None,
        coder: Any = None,
        reviewer: Any = accept,
        fallback: LLM | None = None,
        trials: Trials | None = None,
        request: RunRequest | None = None,
        gateway: MemoryGateway | None = None,
        programs: Programs | None = None,
        prompts: PromptSet | None = None,
        **changes: Any,
    ) -> Bench:
        request = request or make_request(**changes)
        root = self.folder / f"bench{next(self.count)}"
        root.mkdir()
        submission = root / "made.csv"
        submission.write_text("id,y\n1,0\n")
        workspace = Workspace(root / "nodes", root / "submission" / "submission.csv")
        interpreter = ScriptedInterpreter(outcome_of or (lambda code: execution(0.5, submission=submission)))
        coder = ScriptedLLM(coder if coder is not None else (answer(n) for n in itertools.count(1)))
        reviewer = ScriptedLLM(reviewer)
        gateway = gateway or MemoryGateway()
        agent = Agent(
            request=request,
            task=make_task(request),
            policy=policy_for(request.search),
            prompts=prompts or PromptSet.load(SHIPPED / "aide"),
            coder=coder,
            reviewer=reviewer,
            interpreters=[interpreter] * request.workers,
            fallback=fallback,
            trials=trials,
            gateway=gateway,
            workspace=workspace,
            journal=Journal(request.competition.direction),
            programs=programs,
        )
        return Bench(agent, coder, reviewer, gateway, interpreter, workspace)


@pytest.fixture
def bench(tmp_path: Path) -> BenchMaker:
    return BenchMaker(tmp_path)
