"""Which of the waiting runs may start now, and on what of the machine: asked whenever something has changed."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from harness.groups.executor import Place

if TYPE_CHECKING:
    from harness.runs.plan import RunPlan


@dataclass(frozen=True)
class Admitted:
    """A run that may start now, and the place that it was given."""

    plan: RunPlan
    place: Place


class Admission(Protocol):
    """Decides, starts nothing. Every admitted run is released exactly once, however it ends."""

    @property
    def waits(self) -> bool:
        """Did what was not chosen last have to wait for others than this command's runs? Then ask again and again."""

    def admit(self, waiting: Sequence[RunPlan]) -> Sequence[Admitted]:
        """Choose among the waiting, in the order in which they are to start; what is chosen is taken until released.

        Nothing chosen while nothing runs, and `waits` is not set, means that none of the waiting can ever run: raise
        `UserError` instead.
        """

    def release(self, plan: RunPlan) -> None:
        """The run has ended, and where it was graded on this machine that too."""


class Slots:
    """So many at a time, in the order given; each has the lowest lane that is free."""

    waits = False

    def __init__(self, jobs: int) -> None:
        self._free = list(range(jobs))
        self._taken: dict[str, int] = {}

    def admit(self, waiting: Sequence[RunPlan]) -> Sequence[Admitted]:
        """Take as many as there are free slots."""
        chosen = []
        for plan in waiting[: len(self._free)]:
            lane = self._taken[plan.run_id] = heapq.heappop(self._free)
            chosen.append(Admitted(plan, Place(lane=lane)))
        return chosen

    def release(self, plan: RunPlan) -> None:
        """Free its slot."""
        heapq.heappush(self._free, self._taken.pop(plan.run_id))
