"""What is done with one proposal, step by step: propose → execute → check → review.

Several workers do this side by side. A step reads what the run is given and writes into its own attempt; it changes
nothing of the run. What was found out is recorded by the loop, one attempt at a time.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from agent.attempt import Attempt, Checked
from agent.contract import CandidateLimits, CheckReply, ScoreReply, Trial
from agent.deadline import Deadline
from agent.ends import EndOfRun
from agent.gateway import CheckFailed, Gateway
from agent.interpreter import Execution
from agent.llm.base import LLM
from agent.operators.another import another
from agent.operators.base import Task
from agent.operators.coding import propose
from agent.operators.leakage import leakage_messages, look_for_leaks
from agent.operators.review import review, review_messages
from agent.operators.summarize import summarize
from agent.programs import Programs
from agent.promptset import PromptSet
from agent.slots import Slots
from agent.stopwatch import TimedLLM
from agent.suspicion import suspicion
from agent.trials import Trials, Tried
from agent.workspace import Workspace


@dataclass(frozen=True)
class Worker:
    """What every attempt is carried out with. Used by many threads."""

    task: Task
    prompts: PromptSet
    coder: LLM
    reviewer: LLM
    fallback: LLM | None
    slots: Slots
    limits: CandidateLimits
    gateway: Gateway
    workspace: Workspace
    deadline: Deadline
    programs: Programs | None = None  # None: a program is run as often as it comes
    trials: Trials | None = None  # None: no script is tried on a sample first
    leakage_review: bool = False
    held_back: bool = False  # the gateway scores nodes, not their scripts

    def carry_out(self, attempt: Attempt) -> None:
        """Take every step; an end of the run that comes up on the way is noted, and the rest left out."""
        try:
            for step in (self.propose, self.execute, self.check, self.review, self.look_again, self.summarize):
                step(attempt)
        except EndOfRun as end:
            attempt.end = end

    def propose(self, attempt: Attempt) -> None:
        """Ask the coder for plan and code; once more where it comes with a program that was tried."""
        models = self._models(self.coder, attempt, "model", "code")
        attempt.proposal = proposal = propose(models, attempt.messages, attempt.seed, attempt.base)
        if self.programs is None or proposal.problem is not None or attempt.inputs:
            return
        original = self.programs.known(proposal.code, attempt.known_programs)
        if original is not None:
            again = propose(models, another(attempt.messages, proposal, original), attempt.seed, attempt.base)
            # A second reply that can't be used is no reason to have a node that was not run.
            kept = proposal if again.problem is not None else again
            usage, asks = proposal.usage + again.usage, (*proposal.asks, *again.asks)
            attempt.proposal = dataclasses.replace(kept, usage=usage, asks=asks)

    def execute(self, attempt: Attempt) -> None:
        """Run the script, unless the same program has an outcome; what reads others' files may have another."""
        if attempt.proposal.problem is not None:
            attempt.execution = not_run(attempt.proposal.problem)
            return
        if self.programs is not None and not attempt.inputs:
            attempt.original = self.programs.claim(attempt.proposal.code, attempt.pending.id)
            if attempt.original is not None:
                attempt.execution = not_run(f"the same program as {attempt.original.node}")
                return
        # What blends earlier predictions needs all rows that these are of.
        tried = self._try(attempt) if self.trials is not None and not attempt.inputs else None
        if tried is not None and self.trials is not None:
            decided = self.trials.decides(tried)
            attempt.trial = tried.record(decided=decided)
            if decided:
                attempt.execution = tried.as_outcome()
                return
        if self.deadline.shortens_scripts:  # or a wait for the provider went by, which may not count
            self.deadline.follow(self.gateway.status())
        attempt.execution = self._run(attempt, self.deadline.check("the model's reply left no time to run it"))
        if self.trials is not None and not attempt.inputs:
            self.trials.ran_in_full(tried, attempt.execution)

    def _try(self, attempt: Attempt) -> Tried | None:
        """Run the script on a sample of the data, where that may save a full run."""
        assert self.trials is not None
        with attempt.watch.phase("execute"):  # the sample may still be in the making
            seconds = self.trials.seconds(self.deadline.for_a_script)
        if isinstance(seconds, str):
            attempt.trial = Trial(seconds)
            return None
        return self.trials.tried(self._run(attempt, seconds, sampled=True))

    def _run(self, attempt: Attempt, seconds: float, *, sampled: bool = False) -> Execution:
        limits = dataclasses.replace(self.limits, timeout_seconds=seconds)
        folder = self.workspace.node_dir(attempt.pending.id)
        with attempt.watch.phase("execute"):
            return self.slots.run(attempt.proposal.code, folder, limits, attempt.inputs, sampled=sampled)

    def check(self, attempt: Attempt) -> None:
        """Have the submission's format checked, and where rows are held back have it scored on them."""
        execution = attempt.execution
        assert execution is not None
        if execution.submission is None:
            attempt.checked = Checked(None, execution.submission_problem or "the script wrote none")
            return
        try:
            with attempt.watch.phase("check"):
                reply = self._look(attempt.pending.id, execution.submission)
        except CheckFailed:  # the host's fault: the node is not to suffer for it
            return
        problem = None if reply.valid else reply.reason or "refused without a reason"
        attempt.checked = Checked(reply.valid, problem, reply.score if isinstance(reply, ScoreReply) else None)

    def _look(self, node_id: str, submission: Path) -> CheckReply | ScoreReply:
        look = self.gateway.score if self.held_back else self.gateway.check
        return look(node_id, submission)

    def review(self, attempt: Attempt) -> None:
        """Have a model read what the script printed."""
        execution = attempt.execution
        assert execution is not None
        if execution.outcome == "not_run":
            return
        code = attempt.proposal.code
        messages = review_messages(self.task, self.prompts, code, execution.outcome, execution.output)
        models = self._models(self.reviewer, attempt, "review", "review")
        attempt.findings = review(models, messages, attempt.seed)

    def look_again(self, attempt: Attempt) -> None:
        """Have a score that is too good looked at, where the run asks for it."""
        brief = self.task.brief
        score = attempt.verdict(brief.metric).score if self.leakage_review and attempt.original is None else None
        if score is None or attempt.execution is None:
            return
        odd = suspicion(score, brief.metric, brief.direction, attempt.earlier_scores)
        if odd is None:
            return
        messages = leakage_messages(self.task, self.prompts, attempt.proposal.code, attempt.execution.output, odd)
        models = self._models(self.reviewer, attempt, "review", "leakage")
        attempt.leaks = look_for_leaks(models, messages, attempt.seed)
        attempt.leakage = attempt.leaks.record(odd)

    def _models(self, first: LLM, attempt: Attempt, phase: str, purpose: str) -> list[LLM]:
        """Who is asked, in order."""
        label = f"{attempt.pending.id}/{purpose}"
        return [TimedLLM(llm, attempt.watch, phase, label) for llm in (first, self.fallback) if llm is not None]

    def summarize(self, attempt: Attempt) -> None:
        """Have a model write the run's memory, where that is due."""
        if attempt.summary is not None:
            coder = TimedLLM(self.coder, attempt.watch, "review", f"{attempt.pending.id}/summary")
            attempt.written = summarize(coder, attempt.summary, attempt.seed)


def not_run(problem: str) -> Execution:
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
