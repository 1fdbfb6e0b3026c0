"""A proposal on its way to becoming a node: what was asked, and what each step found out so far.

One worker has it at a time. It becomes a node when its script has an outcome, also where the run ends before the
review: the outcome was paid for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from agent.contract import Leakage, NodeEvent, Trial
from agent.ends import EndOfRun
from agent.excerpt import excerpt
from agent.interpreter import Execution
from agent.journal import Pending
from agent.llm.base import Message, Usage
from agent.operators.coding import Proposal
from agent.operators.leakage import Finding
from agent.operators.review import Review
from agent.operators.summarize import Summary
from agent.programs import copied
from agent.score import read_score
from agent.stopwatch import Stopwatch
from agent.verdict import Verdict, judge, judge_held_back

EVENT_OUTPUT_CHARS = (100_000, 300_000)  # head and tail; the gateway takes events of 4 MiB


class Checked(NamedTuple):
    """What is known of a node's submission; `valid` is None when nobody looked, `problem` when nothing is wrong.

    `score` is that on held-back rows, in a run whose nodes the gateway scores.
    """

    valid: bool | None = None
    problem: str | None = None
    score: float | None = None


@dataclass
class Attempt:
    """`original` is the node whose program this one repeats; `end` an end of the run that came up on the way."""

    pending: Pending
    messages: tuple[Message, ...]
    watch: Stopwatch
    seed: int = 0
    base: str | None = None  # the script that the reply may change by search/replace blocks
    inputs: Mapping[str, Path] = field(default_factory=dict)
    known_programs: int = 0  # how many had an outcome when this was proposed
    summary: tuple[Message, ...] | None = None  # asks for the run's memory, where it is due
    written: Summary = field(default_factory=Summary)
    proposal: Proposal = field(default_factory=lambda: Proposal("", "", Usage()))
    execution: Execution | None = None
    trial: Trial | None = None
    earlier_scores: tuple[float, ...] = ()  # of the good nodes, when this was proposed
    leaks: Finding = field(default_factory=Finding)
    leakage: Leakage | None = None
    checked: Checked = field(default_factory=Checked)
    findings: Review = field(default_factory=Review)
    original: NodeEvent | None = None
    end: EndOfRun | None = None
    held_back: bool = False

    def event(self, metric: str) -> NodeEvent:
        """Say what became of it; it must have an execution."""
        execution = self.execution
        assert execution is not None
        verdict = self.verdict(metric)
        usage = self.proposal.usage + self.findings.usage + self.leaks.usage + self.written.usage
        event = NodeEvent(
            node=self.pending.id,
            step=self.pending.step,
            action=self.pending.action,
            parents=self.pending.parents,
            plan=self.proposal.plan,
            code=self.proposal.code,
            outcome=execution.outcome,
            exit_code=execution.exit_code,
            output=excerpt(execution.output, *EVENT_OUTPUT_CHARS),
            score=verdict.score,
            buggy=verdict.buggy,
            why_buggy=verdict.why_buggy,
            analysis=self.findings.summary,
            reviewed_by=verdict.reviewed_by,
            submission_valid=self.checked.valid,
            warm_start=execution.warm_start,
            seconds=self.watch.seconds(),
            tokens={"input": usage.input_tokens, "output": usage.output_tokens},
            asks=(*self.proposal.asks, *self.findings.asks, *self.leaks.asks),
            trial=self.trial,
            leakage=self.leakage,
            printed_score=None if self._only_tried else read_score(execution.output, metric).value,
        )
        return event if self.original is None else copied(event, self.original)

    def verdict(self, metric: str) -> Verdict:
        """Judge what is known by now. A failure on a sample is mended as such, and a leak outweighs a good score."""
        execution = self.execution
        assert execution is not None
        verdict = self._judged(execution, metric)
        if self._only_tried:
            return replace(verdict, score=None, why_buggy=execution.submission_problem)
        if self.leakage is not None and self.leakage.verdict == "leak" and not verdict.buggy:
            return replace(verdict, score=None, why_buggy=f"leakage: {self.leakage.reason}")
        return verdict

    @property
    def _only_tried(self) -> bool:
        """Whether the script was run on a sample alone."""
        return self.trial is not None and self.trial.decided

    def _judged(self, execution: Execution, metric: str) -> Verdict:
        checked = self.checked
        if self.held_back:
            return judge_held_back(execution.outcome, checked.score, self.findings, checked.problem)
        return judge(execution.outcome, execution.output, metric, self.findings, checked.problem)
