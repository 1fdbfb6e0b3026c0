"""Where a run stands. Imports nothing: processes that read many records want this and little else."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands. Only `INFRA_FAILED`, `HARNESS_FAILED`, `STOPPED` and `LOST` are worth running again."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    TIMED_OUT = "timed_out"
    BUDGET_EXHAUSTED = "budget_exhausted"
    AGENT_FAILED = "agent_failed"
    INFRA_FAILED = "infra_failed"
    HARNESS_FAILED = "harness_failed"
    STOPPED = "stopped"
    LOST = "lost"

    @property
    def is_outcome(self) -> bool:
        """Does it say something about the agent, so that it is graded and never silently repeated?"""
        return self in (self.COMPLETED, self.TIMED_OUT, self.BUDGET_EXHAUSTED, self.AGENT_FAILED)
