"""Admits runs by what they reserve: a place on the machine, and a share of the group's budget. The longest first.

`reservations.py` and `budget.py` decide, `lender.py` lends the machine; this keeps what is held. A run whose outcome is
there already holds nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.groups.admission import Admitted
from harness.groups.budget import Amount, GroupBudget, most_of, spent_in, taken_over, unknown_in
from harness.groups.executor import Place
from harness.groups.reservations import Demand, Reservation

if TYPE_CHECKING:
    from harness.groups.lender import Lender
    from harness.results.layout import GroupFolder
    from harness.runs.plan import RunPlan


@dataclass
class Reserved:
    """An `Admission` on one machine; without a lender, whoever carries runs out knows where there is room for them.

    `expected` says how long a run may take, `is_done` whether it has its outcome, `goes_on` whether it begins with
    what an earlier attempt used.
    """

    lender: Lender | None
    jobs: int
    group: GroupFolder
    budget: GroupBudget
    demand_of: Callable[[RunPlan], Demand]
    expected: Callable[[RunPlan], float]
    is_done: Callable[[RunPlan], bool]
    say: Callable[[str], None]
    goes_on: Callable[[RunPlan], bool] = lambda plan: False
    clock: Callable[[], float] = time.monotonic
    _held: dict[str, Reservation] = field(default_factory=dict)
    _known: dict[str, _Waiting] = field(default_factory=dict)
    _out_of_budget: set[str] = field(default_factory=set)
    _unknown: dict[str, Amount] = field(default_factory=dict)

    def admit(self, waiting: Sequence[RunPlan]) -> Sequence[Admitted]:
        """Take what fits; empty where what is left of the budget is too little for any, which is said once."""
        now = self.clock()
        done = [plan for plan in waiting if self._look_at(plan, now).done]
        if done:
            return [Admitted(plan, Place()) for plan in done]
        if len(self._held) >= self.jobs:
            return []
        queue = sorted((self._known[plan.run_id] for plan in waiting), key=lambda one: -one.expected_seconds)
        payable = self._payable(queue)
        given = self._placed(payable)
        if not given and not self._held and payable and not self.waits:
            raise UserError(f"{payable[0].plan.run_id} can't start on this machine. See: podium doctor")
        return [self._take(self._known[one.run_id], one, now) for one in given]

    @property
    def waits(self) -> bool:
        """Do other commands hold what is waited for?"""
        return self.lender is not None and self.lender.waits

    def close(self) -> None:
        """Nothing of this command is held or waited for any more."""
        if self.lender is not None:
            self.lender.close()

    def _placed(self, payable: Sequence[_Waiting]) -> Sequence[Reservation]:
        most = self.jobs - len(self._held)
        if self.lender is None:
            return [Reservation(one.plan.run_id, {}, 0, 0) for one in payable[:most]]
        return self.lender.lend([one.demand for one in payable], most)

    def release(self, plan: RunPlan) -> None:
        """Give back the place, and what the run did not spend."""
        if self._held.pop(plan.run_id, None) is not None:
            if self.lender is not None:
                self.lender.give_back(plan.run_id)
            self.budget.release(plan.run_id, self._bill(plan.run_id) if self.budget.ceiling.stated else Amount())
            self._known.pop(plan.run_id)  # if it comes again, it is another attempt

    def _bill(self, run_id: str) -> Amount:
        """What the run came to; of what nobody knows, all that it may have been, and that is said."""
        folder = self.group.run(run_id)
        unknown = unknown_in(folder)
        if unknown != self._unknown.get(run_id, Amount()):
            self._unknown[run_id] = unknown
            self.say(f"{run_id}: what its lost attempts spent is not known in full; {unknown} more count as spent")
        return spent_in(folder)

    def _look_at(self, plan: RunPlan, now: float) -> _Waiting:
        """What is known of a run, looked up when it is first seen: a queue may hold thousands."""
        if plan.run_id not in self._known:
            done = self.is_done(plan)
            goes_on = not done and self.goes_on(plan)
            before = taken_over(self.group.run(plan.run_id)) if goes_on else Amount()
            most = most_of(plan, before, goes_on=goes_on)
            expected = 0.0 if done else self.expected(plan)
            self._known[plan.run_id] = _Waiting(plan, self.demand_of(plan), most, expected, now, done)
        return self._known[plan.run_id]

    def _payable(self, queue: Sequence[_Waiting]) -> list[_Waiting]:
        """Those whose share is there, in their order; behind one that waits for its share nobody takes any."""
        found, together, blocked = [], Amount(), False
        for one in queue:
            if one.most == Amount():
                found.append(one)
            elif not self.budget.can_ever(one.most):
                self._say_out_of_budget(one)
            elif not blocked and self.budget.has_room(together + one.most):
                together += one.most
                found.append(one)
            else:
                blocked = True
        return found

    def _take(self, one: _Waiting, reservation: Reservation, now: float) -> Admitted:
        run_id = one.plan.run_id
        reserved = self.budget.reserve(run_id, one.most)
        assert reserved  # it was among the payable
        self._held[run_id] = reservation
        place = Place(
            cpus=reservation.cpus,
            gpus=tuple(uuid for uuid in reservation.gpus if uuid),
            waited_seconds=round(now - one.since, 3),
        )
        return Admitted(one.plan, place)

    def _say_out_of_budget(self, one: _Waiting) -> None:
        if one.plan.run_id in self._out_of_budget:
            return
        if not self._out_of_budget:
            self.say(
                f"{one.plan.run_id} is not started: {self.budget.told(one.most)}. With more of it, the same command "
                "goes on: --group-budget USD, --group-tokens N"
            )
        self._out_of_budget.add(one.plan.run_id)


@dataclass(frozen=True)
class _Waiting:
    """A run that waits: what it asks for, the most that it may cost, and since when."""

    plan: RunPlan
    demand: Demand
    most: Amount
    expected_seconds: float
    since: float
    done: bool
