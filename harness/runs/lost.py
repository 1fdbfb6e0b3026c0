"""A record that says "running" when its process is gone is of a run that was lost: killed, or the power failed."""

from __future__ import annotations

from harness.results.layout import RunRecord, RunStatus
from harness.sandbox.owner import is_alive

BECAUSE = "its process is gone; the same command with the same --group runs it again"


def as_it_stands(record: RunRecord) -> RunRecord:
    """The record, with the status that is true now."""
    if record.status is RunStatus.RUNNING and not is_alive(record.owner):
        return record.model_copy(update={"status": RunStatus.LOST, "reason": BECAUSE})
    return record
