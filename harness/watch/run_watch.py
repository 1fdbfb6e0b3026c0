"""Tells of one attempt what happens to it: turns what the run's parts know into happenings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.watch.events import (
    CallAttempted,
    CallEnded,
    Happening,
    NodeEnded,
    RunEnded,
    RunStarted,
    Subject,
    Watcher,
)

if TYPE_CHECKING:
    from harness.gateway.journal import StoredEvent
    from harness.gateway.transcript import CallRecord
    from harness.results.record import RunRecord
    from harness.runs.plan import RunPlan


class RunWatch:
    """Its methods may be called from any thread."""

    def __init__(self, watcher: Watcher, plan: RunPlan, attempt: int) -> None:
        self.subject = Subject(plan.group, plan.run_id, attempt)
        self._watcher = watcher
        self._plan = plan

    def note(self, happening: Happening) -> None:
        """Pass one on."""
        self._watcher.note(happening)

    def started(self) -> None:
        """The attempt begins."""
        plan = self._plan
        self.note(RunStarted(self.subject, plan.competition.id, plan.preset.name, plan.model, plan.models, plan.seed))

    def ended(self, record: RunRecord) -> None:
        """It has its final record."""
        self.note(RunEnded(self.subject, record.status, record.reason, record.wall_seconds, record.usage.cost_usd))

    def event(self, stored: StoredEvent) -> None:
        """Its journal has a new line."""
        event = stored.event
        if event.type == "node":
            self.note(
                NodeEnded(
                    *(self.subject, event.node, event.step, event.action, event.outcome, event.buggy, event.score),
                    seconds=round(sum(event.seconds.values()), 3),
                )
            )

    def attempted(self, model: str, answer: str, status: int | None, seconds: float) -> None:
        """A provider was asked once."""
        self.note(CallAttempted(self.subject, model, answer, status, round(seconds, 3)))

    def called(self, call: CallRecord) -> None:
        """A model call is in the books."""
        used = call.usage
        self.note(
            CallEnded(
                *(self.subject, call.provider, call.model, call.outcome, call.status, call.attempts),
                seconds=round(call.latency_seconds, 3),
                waiting_seconds=round(call.waiting_seconds, 3),
                input_tokens=used.input if used else 0,
                output_tokens=used.output if used else 0,
                cached_input_tokens=used.cached_input if used else 0,
                cache_write_tokens=used.cache_write + used.cache_write_1h if used else 0,
                cost_usd=call.cost_usd,
            )
        )
