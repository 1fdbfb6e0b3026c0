"""Our own time a step: everything between two candidates but the model, the script, the review and the check.

A whole run of 500 steps with a model that answers at once and scripts that end at once, so only our own work is left:
policy, prompts, parsing, verdict, journal, events. Once with a gateway in the same process (the agent alone), once
through the real gateway, whose journal is flushed to the disk for each event. Of three runs the least disturbed
counts. Prints figures; judges nothing.
"""

from __future__ import annotations

import itertools
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.agent import Agent
from agent.contract import (
    CandidateLimits,
    CheckReply,
    CompetitionBrief,
    Event,
    ModelSettings,
    NodeEvent,
    RunRequest,
    ScoreReply,
    SearchSettings,
    StatusReply,
)
from agent.gateway import Gateway, SocketGateway
from agent.interpreter import Execution
from agent.journal import Journal
from agent.llm.base import Reply, Request, Usage
from agent.operators.base import Task
from agent.promptset import SHIPPED, PromptSet
from agent.scripted import MemoryGateway, ScriptedInterpreter, ScriptedLLM
from agent.search import policy_for
from agent.workspace import Workspace

STEPS = 500
RUNS = 3
NEAR = 10  # steps on each side of the one that is measured
AIM_MS = 25.0
CODE_LINES = 120
OUTPUT_CHARS = 20_000


class Tapped:
    """A gateway that keeps what each node says of its time."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.overhead_seconds: list[float] = []

    def report(self, event: Event) -> None:
        """Pass an event on."""
        if isinstance(event, NodeEvent):
            self.overhead_seconds.append(event.seconds["overhead"])
        self._gateway.report(event)

    def check(self, node_id: str, submission: Path) -> CheckReply:
        """Pass a check on."""
        return self._gateway.check(node_id, submission)

    def score(self, node_id: str, submission: Path) -> ScoreReply:
        """Pass a submission on."""
        return self._gateway.score(node_id, submission)

    def status(self) -> StatusReply:
        """Pass the question on."""
        return self._gateway.status()


def main() -> None:
    """Print milliseconds a step at step 20 and at step 500."""
    with tempfile.TemporaryDirectory(prefix="podium-perf-") as name:
        folder = Path(name)
        _print("the agent alone", [_run(folder / f"alone{n}", MemoryGateway()) for n in range(RUNS)])
        _print("with the gateway", [_through_the_gateway(folder / f"gateway{n}") for n in range(RUNS)])


def _through_the_gateway(folder: Path) -> list[float]:
    from harness.contract import CheckReply as HostCheckReply
    from harness.gateway.budget import Budget
    from harness.gateway.providers import provider_for
    from harness.gateway.server import Gateway as HostGateway

    folder.mkdir()
    with HostGateway(
        door=folder,
        run_folder=folder,
        provider=provider_for("offline", {}),
        budget=Budget(),
        checker=lambda path: HostCheckReply(valid=True),
        deadline_seconds=3600.0,
    ) as host:
        client = SocketGateway(host.socket)
        seconds = _run(folder / "agent", client)
        client.close()
    return seconds


def _run(folder: Path, gateway: Gateway) -> list[float]:
    """Run 500 steps; return the overhead of each."""
    folder.mkdir()
    tapped = Tapped(gateway)
    request = usual_request()
    Agent(
        request=request,
        task=usual_task(request),
        policy=policy_for(request.search),
        prompts=PromptSet.load(SHIPPED / "aide"),
        coder=ScriptedLLM(usual_answers()),
        reviewer=ScriptedLLM(usual_review),
        interpreters=[ScriptedInterpreter(usual_executions(folder))],
        gateway=tapped,
        workspace=Workspace(folder / "nodes", folder / "submission" / "submission.csv"),
        journal=Journal("maximize"),
    ).run()
    return tapped.overhead_seconds


def usual_request() -> RunRequest:
    """Return a request for 500 steps of AIDE's search."""
    model = ModelSettings("scripted", "chat")
    return RunRequest(
        schema_version=1,
        run_id="overhead",
        competition=CompetitionBrief("toy", "Toy", "accuracy", "maximize"),
        search=SearchSettings("greedy", STEPS, 5, 0.5, 3, 5),
        code_model=model,
        review_model=model,
        fallback_model=None,
        seed=0,
        deadline_seconds=3600.0,
        candidate=CandidateLimits(600.0, 1 << 30, 65536, 1 << 30, (0,)),
        workers=1,
        prompt_set="aide",
    )


def usual_task(request: RunRequest) -> Task:
    """Return a task of a usual length."""
    lines = "\n".join(f"- `column_{number}`: number, 80 values from 0 to 79" for number in range(60))
    return Task(request.competition, "Predict y from x. " * 200, lines, {"numpy": "2.0", "pandas": "2.2"}, 5)


def usual_answers() -> Iterator[str]:
    """Plans and scripts of a usual length."""
    filler = "\n".join(f"value_{line} = [{line}, {line} * 2, {line} ** 2]" for line in range(CODE_LINES))
    for number in itertools.count(1):
        plan = f"Idea {number}. " + "It fits another model on other features and blends the two. " * 6
        yield f"{plan}\n\n```python\nnumber = {number}\n{filler}\nprint('validation score:', number)\n```\n"


def usual_review(request: Request) -> Reply:
    """Return a review of a usual length."""
    summary = "The folds agree with each other and the loss falls until the end of training. " * 4
    return Reply("", Usage(1000, 50), "scripted", {"is_bug": False, "summary": summary, "metric": None})


def usual_executions(folder: Path) -> Callable[[str], Execution]:
    """Make up how scripts end: three of ten fail, all print a lot."""
    rng = random.Random(0)  # noqa: S311 - no secret
    submission = folder / "made.csv"
    submission.write_text("id,y\n" + "".join(f"{row},0\n" for row in range(1000)))

    def outcome_of(code: str) -> Execution:
        failed = rng.random() < 0.3
        output = "x" * OUTPUT_CHARS + ("\nTraceback: KeyError" if failed else f"\nvalidation score: {rng.random():.4f}")
        return Execution("failed" if failed else "ok", int(failed), None, 0.0, output, 0, submission, None, False)

    return outcome_of


def _print(name: str, runs: list[list[float]]) -> None:
    early, late = (min(_milliseconds(seconds, step) for seconds in runs) for step in (20, STEPS))
    _say(
        f"   {name}: {early:.2f} ms at step 20, {late:.2f} ms at step {STEPS} "
        f"(aim: at most {AIM_MS:.0f} ms, and no more at step {STEPS}); ratio {late / early:.2f}"
    )


def _milliseconds(seconds: list[float], step: int) -> float:
    return 1000 * statistics.median(seconds[max(0, step - NEAR) : step + NEAR])


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
