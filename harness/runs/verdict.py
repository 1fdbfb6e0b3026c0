"""Whose end was it? From how the box ended, and what was heard of the agent, to the run's status and the reason.

The agent's own word counts only where the box and the harness agree with it: one that claims to have been stopped, or
to have no model, would otherwise be run again for free until it is lucky. Decides; starts, stops and reads nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.contract import EndEvent
from harness.results.layout import RunStatus
from harness.sandbox.base import Ending
from harness.untrusted import one_line

if TYPE_CHECKING:
    from harness.gateway.journal import StoredEvent

UNFIT_BOX = 70  # the supervisor's exit code where the box is not as it should be, and nothing was started in it

ENDS: Mapping[str, RunStatus] = {
    "steps": RunStatus.COMPLETED,
    "deadline": RunStatus.TIMED_OUT,
    "budget": RunStatus.BUDGET_EXHAUSTED,
    "stopped": RunStatus.STOPPED,
    "model_unavailable": RunStatus.INFRA_FAILED,
    "error": RunStatus.AGENT_FAILED,
}


class Verdict(NamedTuple):
    """A run's status, and one line for people that says why."""

    status: RunStatus
    reason: str


@dataclass(frozen=True)
class Known:
    """What the harness knows beside the box and the agent."""

    asked_to_stop: bool
    provider_failed: bool  # the latest model call came to nothing by the provider's fault
    deadline_seconds: float  # the agent's
    by_exit_code: bool = False  # of an agent that need not say how it ended
    over_budget: bool = False  # a call was refused for the budget


class Heard:
    """What was heard of the agent, event by event as they are stored. Times are seconds since this was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self.events = 0
        self.end: EndEvent | None = None
        self.ended_after_seconds = 0.0
        self.best: str | None = None
        self.first_candidate_seconds: float | None = None

    def note(self, stored: StoredEvent) -> None:
        """Take in one event."""
        event: Any = stored.event
        self.events += 1
        if event.type == "node" and self.first_candidate_seconds is None:
            # When its script started: the event comes when it is done.
            ran = sum(event.seconds.get(phase, 0.0) for phase in ("execute", "check", "review"))
            self.first_candidate_seconds = round(self._seconds() - ran, 3)
        elif event.type == "best":
            self.best = event.node
        elif event.type == "end":
            self.end, self.ended_after_seconds = event, self._seconds()

    def _seconds(self) -> float:
        return self._clock() - self._began


def judge(ending: Ending, heard: Heard, known: Known) -> Verdict:
    """The run's status and reason."""
    if ending.timed_out:
        return Verdict(RunStatus.TIMED_OUT, "the wall-clock limit stopped the sandbox")
    if ending.over_disk:
        return Verdict(RunStatus.AGENT_FAILED, "the workspace grew over its limit")
    end = heard.end
    if end is not None and ending.exit_code == 0:
        return _said(end, late=heard.ended_after_seconds >= known.deadline_seconds, known=known)
    if ending.killed_with is not None:
        return Verdict(
            RunStatus.INFRA_FAILED, f"somebody ended the container through the engine, with signal {ending.killed_with}"
        )
    if known.asked_to_stop:
        return Verdict(RunStatus.STOPPED, "stopped on request")
    if known.by_exit_code:
        return _exited(ending, heard, known)
    if ending.exit_code == UNFIT_BOX and heard.events == 0:
        return Verdict(RunStatus.INFRA_FAILED, f"nothing could be started in the sandbox: {_last_line(ending)}")
    return Verdict(RunStatus.AGENT_FAILED, _crash(ending, end))


def _said(end: EndEvent, *, late: bool, known: Known) -> Verdict:
    """The agent's own reason, where those that would have to know of it do."""
    said = one_line(end.message)
    if end.reason == "stopped" and not known.asked_to_stop:
        if late:  # at the deadline it is the gateway that asks an agent to stop
            return Verdict(RunStatus.TIMED_OUT, "the time was up")
        return Verdict(RunStatus.AGENT_FAILED, f"ended as if stopped, which nobody asked for: {said}")
    if end.reason == "model_unavailable" and not known.provider_failed:
        if late:  # at the deadline the gateway cuts off the call that is in flight; inside that looks like no model
            return Verdict(RunStatus.TIMED_OUT, "the time was up")
        return Verdict(RunStatus.AGENT_FAILED, f"ended for want of a model, which had answered: {said}")
    return Verdict(ENDS[end.reason], said)


def _exited(ending: Ending, heard: Heard, known: Known) -> Verdict:
    """Of an agent that said nothing: its exit code, and what the gateway knows better than it does."""
    if ending.exit_code == 0:
        return Verdict(RunStatus.COMPLETED, "the agent ended with 0")
    if known.over_budget:
        return Verdict(RunStatus.BUDGET_EXHAUSTED, f"the budget was spent; {_crash(ending, heard.end)}")
    if known.provider_failed:
        return Verdict(RunStatus.INFRA_FAILED, f"the model could not be had; {_crash(ending, heard.end)}")
    return Verdict(RunStatus.AGENT_FAILED, _crash(ending, heard.end))


def _crash(ending: Ending, end: EndEvent | None) -> str:
    if end is not None and end.reason == "error":
        return one_line(end.message)
    memory = f"; the kernel killed {ending.oom_kills} processes for memory" if ending.oom_kills else ""
    return f"the sandbox exited with {ending.exit_code}{memory}: {_last_line(ending)}"


def _last_line(ending: Ending) -> str:
    return one_line((ending.log_tail.strip().splitlines() or ["no output"])[-1])
