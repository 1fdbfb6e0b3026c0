"""The only loop: choose → propose → execute → review → append, until the steps are done or something ends the run.

The loop acts and decides nothing: the policy chooses, an operator words the question, the verdict judges. Every event
goes out as it happens, so whatever is killed, all finished nodes are known outside. The journal may start with the
nodes of an earlier attempt; each step draws from a random stream of its own, so nothing else need be restored.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from agent.contract import BestEvent, EndEvent, EndReason, NodeEvent, ProposalEvent, RunRequest
from agent.ends import DeadlineReached, EndOfRun, ModelUnavailable, StopRequested
from agent.excerpt import excerpt
from agent.gateway import CheckFailed, Gateway
from agent.interpreter import Execution, Interpreter
from agent.journal import Journal, Node, Pending
from agent.llm.base import LLM
from agent.operators import OPERATORS
from agent.operators.base import Limits, Situation, Task
from agent.operators.coding import Proposal, propose
from agent.operators.review import Review, review, review_messages
from agent.promptset import PromptSet
from agent.search.base import Decision, Progress, SearchPolicy
from agent.stop import StopSwitch
from agent.stopwatch import Stopwatch, TimedLLM
from agent.verdict import judge
from agent.workspace import Workspace

MAX_REFUSALS_IN_A_ROW = 5
MIN_SCRIPT_SECONDS = 1.0
EVENT_OUTPUT_CHARS = (100_000, 300_000)  # head and tail; the gateway takes events of 4 MiB


class Checked(NamedTuple):
    """What is known of a node's submission; `valid` is None when nobody looked, `problem` when nothing is wrong."""

    valid: bool | None
    problem: str | None


class Attempt(NamedTuple):
    """A proposal carried out. `end` is an end of the run that came up on the way; the node is recorded before it."""

    pending: Pending
    proposal: Proposal
    execution: Execution
    checked: Checked
    findings: Review
    watch: Stopwatch
    end: EndOfRun | None


@dataclass
class Agent:
    """One run. Everything that it acts through is handed in; `run` is called once."""

    request: RunRequest
    task: Task
    policy: SearchPolicy
    prompts: PromptSet
    coder: LLM
    reviewer: LLM
    interpreter: Interpreter
    gateway: Gateway
    workspace: Workspace
    journal: Journal
    stop: StopSwitch = field(default_factory=StopSwitch)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._ends_at = self.clock() + self.request.deadline_seconds
        self._step_began = self.clock()
        self._refusals = 0
        self._published = self.journal.best

    def run(self) -> EndEvent:
        """Search until the end; report and return how it ended. A bug is reported too, and raised."""
        reason: EndReason = "error"
        message = "the agent broke off"
        try:
            self._search()
            reason, message = "steps", f"all {self.request.search.steps} steps are done"
        except EndOfRun as end:
            reason, message = end.reason, excerpt(str(end))
        except BaseException as error:
            message = excerpt(f"{type(error).__name__}: {error}")
            raise
        finally:
            best = self.journal.best
            ended = EndEvent(reason, message, best.id if best else None)
            self.gateway.report(ended)
        return ended

    def _search(self) -> None:
        for step in range(len(self.journal) + 1, self.request.search.steps + 1):
            self._step(step)

    def _step(self, step: int) -> None:
        progress = self._look_around(step)
        decision = self.policy.choose(self.journal, progress, random.Random(f"{self.request.seed}/{step}"))  # noqa: S311
        attempt = self._carry_out(self._announce(decision, progress), decision, progress)
        self._append(attempt)
        if attempt.end is not None:
            raise attempt.end

    def _carry_out(self, pending: Pending, decision: Decision, progress: Progress) -> Attempt:
        """Propose, execute, review. Changes nothing of the run: what is found out is recorded by `_append`."""
        watch = Stopwatch(self.clock, self._step_began)
        proposal = self._propose(decision, progress, watch)
        execution = self._execute(pending, proposal, watch)
        checked = self._check(pending, execution, watch)
        findings, end = self._review(proposal, execution, watch)
        return Attempt(pending, proposal, execution, checked, findings, watch, end)

    def _look_around(self, step: int) -> Progress:
        """Ask how much is left; raise the end of the run if it is not enough for another candidate."""
        self.stop.check()
        status = self.gateway.status()
        if status.stop:
            raise StopRequested("the harness asked the run to end")
        self._ends_at = self.clock() + status.deadline_seconds - status.elapsed_seconds
        if self._script_seconds() < MIN_SCRIPT_SECONDS:
            raise DeadlineReached(f"{max(0.0, self._time_left()):.0f} s are left of {status.deadline_seconds:.0f} s")
        elapsed = status.elapsed_seconds / status.deadline_seconds
        return Progress(step, self.request.search.steps, round(elapsed, 6), round(status.spent_fraction, 6))

    def _announce(self, decision: Decision, progress: Progress) -> Pending:
        parents = tuple(parent.id for parent in decision.parents)
        pending = Pending(f"n{progress.step:04d}", progress.step, decision.action, parents)
        self.journal.propose(pending)
        self.gateway.report(
            ProposalEvent(pending.id, pending.step, pending.action, pending.parents, progress.as_dict())
        )
        return pending

    def _propose(self, decision: Decision, progress: Progress, watch: Stopwatch) -> Proposal:
        limits = Limits(
            steps_left=progress.steps - progress.step + 1,
            steps=progress.steps,
            time_left_seconds=self._time_left(),
            deadline_seconds=self.request.deadline_seconds,
            script_timeout_seconds=self._script_seconds(),
        )
        situation = Situation(self.task, self.journal, decision.parents, limits)
        messages = OPERATORS[decision.action](situation, self.prompts)
        with self.stop.waiting():
            return propose(TimedLLM(self.coder, watch, "model"), messages, self.request.seed)

    def _execute(self, pending: Pending, proposal: Proposal, watch: Stopwatch) -> Execution:
        if proposal.problem is not None:
            return _not_run(proposal.problem)
        seconds = self._script_seconds()
        if seconds < MIN_SCRIPT_SECONDS:
            raise DeadlineReached("the model's reply left no time to run it")
        limits = dataclasses.replace(self.request.candidate, timeout_seconds=seconds)
        with self.stop.waiting(), watch.phase("execute"):
            return self.interpreter.run(proposal.code, self.workspace.node_dir(pending.id), limits)

    def _check(self, pending: Pending, execution: Execution, watch: Stopwatch) -> Checked:
        if execution.submission is None:
            return Checked(None, execution.submission_problem or "the script wrote none")
        try:
            with watch.phase("check"):
                reply = self.gateway.check(pending.id, execution.submission)
        except CheckFailed:  # the host's fault: the node is not to suffer for it
            return Checked(None, None)
        return Checked(reply.valid, None if reply.valid else reply.reason or "refused without a reason")

    def _review(self, proposal: Proposal, execution: Execution, watch: Stopwatch) -> tuple[Review, EndOfRun | None]:
        """Have the run reviewed. An end that comes now waits until the node is recorded: it was paid for."""
        if execution.outcome == "not_run":
            return Review(), None
        messages = review_messages(self.task, self.prompts, proposal.code, execution.outcome, execution.output)
        try:
            with self.stop.waiting():
                return review(TimedLLM(self.reviewer, watch, "review"), messages, self.request.seed), None
        except EndOfRun as end:
            return Review(), end

    def _append(self, attempt: Attempt) -> None:
        event = self._event(attempt)
        self._step_began = self.clock()  # recording counts towards the next node: this one's event is written
        self.gateway.report(event)
        self.journal.append(Node.from_event(event))
        self._publish_best(attempt.execution)
        self._count_refusals(attempt.proposal)

    def _event(self, attempt: Attempt) -> NodeEvent:
        pending, proposal, execution, findings = attempt.pending, attempt.proposal, attempt.execution, attempt.findings
        metric, problem = self.task.brief.metric, attempt.checked.problem
        verdict = judge(execution.outcome, execution.output, metric, findings, problem)
        usage = proposal.usage + findings.usage
        return NodeEvent(
            node=pending.id,
            step=pending.step,
            action=pending.action,
            parents=pending.parents,
            plan=proposal.plan,
            code=proposal.code,
            outcome=execution.outcome,
            exit_code=execution.exit_code,
            output=excerpt(execution.output, *EVENT_OUTPUT_CHARS),
            score=verdict.score,
            buggy=verdict.buggy,
            why_buggy=verdict.why_buggy,
            analysis=findings.summary,
            reviewed_by=verdict.reviewed_by,
            submission_valid=attempt.checked.valid,
            warm_start=execution.warm_start,
            seconds=attempt.watch.seconds(),
            tokens={"input": usage.input_tokens, "output": usage.output_tokens},
        )

    def _publish_best(self, execution: Execution) -> None:
        """Put a new best node's submission where it is graded, then say so."""
        best = self.journal.best
        if best is None or best is self._published or execution.submission is None:
            return
        self.workspace.publish(execution.submission)
        self._published = best
        self.gateway.report(BestEvent(best.id, best.score))

    def _count_refusals(self, proposal: Proposal) -> None:
        self._refusals = self._refusals + 1 if proposal.refused else 0
        if self._refusals >= MAX_REFUSALS_IN_A_ROW:
            raise ModelUnavailable(f"the model refused {self._refusals} requests in a row: {proposal.problem}")

    def _time_left(self) -> float:
        return self._ends_at - self.clock()

    def _script_seconds(self) -> float:
        """Return what a script may take now: its own limit, or what the deadline leaves after time to record it."""
        margin = min(30.0, 0.02 * self.request.deadline_seconds)
        return min(self.request.candidate.timeout_seconds, self._time_left() - margin)


def _not_run(problem: str) -> Execution:
    """Stand in for the execution of a proposal that is no program."""
    return Execution(
        outcome="not_run",
        exit_code=None,
        signal=None,
        seconds=0.0,
        output=problem,
        peak_memory_bytes=0,
        submission=None,
        submission_problem="the script was not run",
        warm_start=False,
    )
