"""One run of the real agent on a landscape: the real loop, journal and policy; model and interpreter are simulated.

Randomness belongs to the node, not to the order of calls, so two policies that do the same at a step get the same.
Several workers are a pipeline of scripts that take equally long: each proposal is made before the last ones of the
others are known, always in the same order, so a run can be repeated.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from agent.agent import Agent
from agent.contract import CandidateLimits, CompetitionBrief, ModelSettings, NodeEvent, RunRequest, SearchSettings
from agent.interpreter import NO_INPUTS, Execution
from agent.journal import Journal
from agent.llm.base import Message, Reply, Request, Usage
from agent.operators.base import Task
from agent.promptset import SetSettings
from agent.scripted import MemoryGateway, ScriptedLLM
from agent.search import policy_for
from agent.workspace import Workspace
from study.landscape import Landscape, State, states_in, with_error
from study.outcome import Outcome

OPERATOR = "# operator: "
MODEL = ModelSettings("simulated", "chat")
LIMITS = CandidateLimits(600.0, 1 << 30, 65536, 1 << 30, (0,))


class BarePrompts:
    """Prompts that say which operator it is and which scripts it is given, and nothing else: the words cost time."""

    settings = SetSettings()

    def messages(self, operator: str, **values: Any) -> tuple[Message, ...]:
        """Return one message."""
        earlier = [str(one["code"]) for one in values.get("earlier", ())] if operator == "ensemble" else []
        states = states_in("\n".join([*earlier, *(str(value) for key, value in values.items() if "code" in key)]))
        return (Message("user", f"{OPERATOR}{operator}\n{''.join(state.code() for state in states)}"),)


@dataclass
class Pipeline:
    """Lets scripts end in the order of their nodes, each when as many others as there are workers have been started."""

    steps: int
    workers: int
    started: int = 0
    ended: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def start(self, number: int) -> None:
        with self.changed:
            self.started = max(self.started, number)
            self.changed.notify_all()

    def end(self, number: int) -> None:
        """Wait for one's turn."""
        with self.changed:
            enough = min(self.steps, number + self.workers - 1)
            self.changed.wait_for(lambda: self.ended == number - 1 and self.started >= enough)
            self.ended = number
            self.changed.notify_all()


@dataclass
class Simulation:
    """Model and interpreter of one run."""

    landscape: Landscape
    noise: float
    seed: int
    pipeline: Pipeline
    submission: Path

    def answer(self, request: Request) -> str:
        """Write the next script, as the landscape has it."""
        number = int(request.label.partition("/")[0].lstrip("n"))
        text = request.messages[-1].text
        operator = text.partition("\n")[0].removeprefix(OPERATOR)
        rng = random.Random(f"{self.seed}/{number}/{operator}")  # noqa: S311 - no secret
        given = states_in(text)
        made = self._made(operator, given, rng)
        if operator != "debug" or made.buggy != given[0].buggy:
            made = with_error(made, given[0] if given else None, self.noise, rng)
        self.pipeline.start(number)
        return f"A plan.\n\n```python\n{replace(made, number=number).code()}```\n"

    def _made(self, operator: str, given: list[State], rng: random.Random) -> State:
        match operator:
            case "draft":
                return self.landscape.draft(rng)
            case "improve":
                return self.landscape.improve(given[0], rng)
            case "debug":
                return self.landscape.debug(given[0], rng)
            case "merge":
                return self.landscape.merge(given[0], given[1], rng)
            case "ensemble":
                return self.landscape.blend(given, rng)
        raise ValueError(f"nothing is known of the operator {operator!r}")

    def run(
        self,
        code: str,
        node_dir: Path,
        limits: CandidateLimits,
        inputs: Mapping[str, Path] = NO_INPUTS,
        *,
        sampled: bool = False,
    ) -> Execution:
        """Say how a script ends."""
        (state,) = states_in(code)
        self.pipeline.end(state.number)
        output = "Traceback: it is broken" if state.buggy else f"validation score: {state.validation:.9f}"
        outcome: Literal["failed", "ok"] = "failed" if state.buggy else "ok"
        return Execution(outcome, int(state.buggy), None, 1.0, output, 0, self.submission, None, False)

    def close(self) -> None:
        """Nothing runs."""


def simulate(
    landscape: Landscape, noise: float, search: SearchSettings, workers: int, seed: int, scratch: Path
) -> list[Outcome]:
    """Run once; return what became of each node, in the order of steps."""
    submission = scratch / "made.csv"
    submission.touch()
    world = Simulation(landscape, noise, seed, Pipeline(search.steps, workers), submission)
    gateway = MemoryGateway()
    request = RunRequest(
        schema_version=1,
        run_id="simulated",
        competition=CompetitionBrief("simulated", "Simulated", "quality", "maximize"),
        search=search,
        code_model=MODEL,
        review_model=MODEL,
        fallback_model=None,
        seed=seed,
        deadline_seconds=3600.0,
        candidate=LIMITS,
        workers=workers,
        prompt_set="bare",
    )
    Agent(
        request=request,
        task=Task(request.competition, "", "", {}, search.k_fold),
        policy=policy_for(search),
        prompts=BarePrompts(),  # type: ignore[arg-type]
        coder=ScriptedLLM(world.answer),
        reviewer=ScriptedLLM(lambda request: Reply("", Usage(), "simulated", REVIEW)),
        interpreters=[world] * workers,
        gateway=gateway,
        workspace=Workspace(scratch / "nodes", scratch / "submission.csv"),
        journal=Journal("maximize"),
    ).run()
    return [_outcome(event) for event in gateway.events if isinstance(event, NodeEvent)]


REVIEW = {"is_bug": False, "summary": "It ran.", "metric": None}


def _outcome(event: NodeEvent) -> Outcome:
    (state,) = states_in(event.code)
    scores = (None, None) if event.buggy else (event.score, state.quality)
    return Outcome(event.step, event.action, event.parents, *scores)
