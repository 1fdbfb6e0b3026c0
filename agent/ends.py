"""Why a run ends, as exceptions: whoever finds out raises, the loop in `agent.py` alone catches.

    EndOfRun
    ├── BudgetExhausted    the gateway refused a model call: money, tokens or calls are spent
    ├── DeadlineReached    too little wall-clock time is left for another candidate
    ├── StopRequested      SIGTERM, or the gateway's status asks for an end
    └── ModelUnavailable   the provider refuses us or is down, after the gateway's own retries

Having done all steps is no exception: the loop just ends. A bug is none of these either; it ends the run as "error".
"""

from __future__ import annotations

from typing import ClassVar

from agent.contract import EndReason


class EndOfRun(Exception):
    """Base of the orderly ends; `reason` is the end event's word for it."""

    reason: ClassVar[EndReason]


class BudgetExhausted(EndOfRun):
    """The next model call does not fit into the run's budget."""

    reason = "budget"


class DeadlineReached(EndOfRun):
    """Another candidate can't be run before the deadline."""

    reason = "deadline"


class StopRequested(EndOfRun):
    """Somebody outside asked the run to end."""

    reason = "stopped"


class ModelUnavailable(EndOfRun):
    """The model can't be called at all: a wrong key or name, or a provider that stays down."""

    reason = "model_unavailable"
