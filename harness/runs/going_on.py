"""Which runs of a group go on from what an interrupted attempt left, and why others begin anew. Only looks.

Sound is what `podium run --resume` checks: the same inputs, budget and limits, a journal of our own agent's, and
time left. Each run is judged once a command, so that who reserves for it and who starts it say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from harness.contract import NodeEvent
from harness.results.layout import GroupFolder, RunFolder, RunStatus
from harness.runs import lost, resume

if TYPE_CHECKING:
    from harness.runs.plan import RunPlan

INTERRUPTED = (RunStatus.LOST, RunStatus.STOPPED, RunStatus.INFRA_FAILED)  # not harness_failed: our bug may be in it


class Past(NamedTuple):
    """What an interrupted attempt left: how it ended, so many nodes, and why the run can't go on from them."""

    status: RunStatus
    nodes: int
    why_anew: str  # empty: it goes on


@dataclass
class GoingOn:
    """The judgement on the runs of one command. `anew`: the user wishes that none goes on."""

    group: GroupFolder
    anew: bool = False
    _known: dict[str, Past | None] = field(default_factory=dict)

    def __call__(self, plan: RunPlan) -> bool:
        """Does the run go on?"""
        past = self.past(plan)
        return past is not None and not past.why_anew

    def past(self, plan: RunPlan) -> Past | None:
        """What there is of an interrupted attempt; None where there is no node of one."""
        if plan.run_id not in self._known:
            self._known[plan.run_id] = self._look(plan)
        return self._known[plan.run_id]

    def _look(self, plan: RunPlan) -> Past | None:
        folder = self.group.run(plan.run_id)
        record = folder.read()
        if record is None or record.status.is_outcome or record.status is RunStatus.QUEUED:
            return None
        status = lost.as_it_stands(record).status
        source = resume.source_of(folder, record)
        nodes = sum(isinstance(event, NodeEvent) for event in resume.events_in(source)) if source else 0
        if not nodes:
            return None
        return Past(status, nodes, self._why_anew(plan, folder, status))

    def _why_anew(self, plan: RunPlan, folder: RunFolder, status: RunStatus) -> str:
        record = folder.read()
        assert record is not None
        if self.anew:
            return "--anew"
        if status not in INTERRUPTED:
            return f"it ended as {status}"
        if record.candidate_isolation == "none":
            return f"the agent {record.agent} keeps no journal that it could go on from"
        if differing := resume.what_differs(record, plan):
            return "; ".join(differing[:2])
        if record.plan_sha256 != plan.sha256():
            return "the agent's files changed"
        if resume.seconds_left(folder, record, plan.request().deadline_seconds) < resume.LEAST_SECONDS:
            return "its time was used up"
        return ""
