"""Runs scripts of finished nodes once more and does nothing else: no search, no model.

What the harness asks for when the final node of a run is chosen: its script on all training data. A script that blends
finds new predictions of the same nodes where it found the old ones, so these are run before it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from agent.attempt import EVENT_OUTPUT_CHARS
from agent.blends import files_of
from agent.contract import BestEvent, EndEvent, NodeEvent, Rerun, RunRequest
from agent.excerpt import excerpt
from agent.gateway import CheckFailed, Gateway
from agent.interpreter import Execution, Interpreter
from agent.score import read_score
from agent.workspace import Workspace


@dataclass
class Rerunning:
    """The scripts of a request, in their order; the last one's submission is handed in."""

    request: RunRequest
    interpreter: Interpreter
    gateway: Gateway
    workspace: Workspace

    def run(self) -> EndEvent:
        """Run them; a script that fails is reported as it is, and those after it run all the same."""
        for step, rerun in enumerate(self.request.rerun, 1):
            execution, seconds = self._execute(rerun)
            event = self._event(step, rerun, execution, seconds)
            self.gateway.report(event)
        if not event.buggy and execution.submission is not None:
            self.workspace.publish(execution.submission)
            self.gateway.report(BestEvent(event.node, event.score))
        end = EndEvent("steps", f"{len(self.request.rerun)} scripts were run once more", event.node)
        self.gateway.report(end)
        return end

    def _execute(self, rerun: Rerun) -> tuple[Execution, float]:
        inputs = {shown: path for node in rerun.reads for shown, path in files_of(self.workspace, node).items()}
        started = time.monotonic()
        folder = self.workspace.node_dir(rerun.node)
        execution = self.interpreter.run(rerun.code, folder, self.request.candidate, inputs)
        return execution, time.monotonic() - started

    def _event(self, step: int, rerun: Rerun, execution: Execution, seconds: float) -> NodeEvent:
        score = read_score(execution.output, self.request.competition.metric)
        valid, problem = self._checked(rerun, execution)
        if execution.outcome != "ok":
            problem = f"outcome: {execution.outcome}"
        return NodeEvent(
            node=rerun.node,
            step=step,
            action=rerun.action,
            parents=rerun.parents,
            plan="",
            code=rerun.code,
            outcome=execution.outcome,
            exit_code=execution.exit_code,
            output=excerpt(execution.output, *EVENT_OUTPUT_CHARS),
            score=score.value if problem is None else None,
            buggy=problem is not None,
            why_buggy=problem,
            analysis="",
            reviewed_by="score_line" if score.value is not None else "none",
            submission_valid=valid,
            warm_start=execution.warm_start,
            seconds={"execute": seconds},
            tokens={"input": 0, "output": 0},
            printed_score=score.value,
        )

    def _checked(self, rerun: Rerun, execution: Execution) -> tuple[bool | None, str | None]:
        """Say whether the submission's format is right, and what is wrong with it."""
        if execution.submission is None:
            return None, f"submission: {execution.submission_problem or 'the script wrote none'}"
        try:
            reply = self.gateway.check(rerun.node, execution.submission)
        except CheckFailed:
            return None, None
        return reply.valid, None if reply.valid else f"submission: {reply.reason}"
