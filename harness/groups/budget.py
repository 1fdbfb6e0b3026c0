"""A group's ceiling on money and tokens: each run reserves the most that it may use, and gives back what it did not.

A run's own ceiling is kept by its gateway, call by call; here the sum is kept. What was spent is read from the records
of all attempts of all runs in the group's folder, so that it counts after a restart too; of an attempt that was killed
also the most that calls in flight can have cost, and of one that was lost with its machine all that it was granted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.groups.granted import read_granted
from harness.results.layout import GroupFolder, RunFolder, RunRecord, RunStatus
from harness.runs.resume import usage_in

if TYPE_CHECKING:
    from harness.runs.plan import RunPlan


@dataclass(frozen=True)
class Amount:
    """Money and tokens."""

    usd: float = 0.0
    tokens: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.usd + other.usd, self.tokens + other.tokens)

    def __sub__(self, other: Amount) -> Amount:
        """What is left of it; never less than nothing."""
        return Amount(max(0.0, self.usd - other.usd), max(0, self.tokens - other.tokens))

    def __str__(self) -> str:
        parts = ([f"${self.usd:.2f}"] if self.usd else []) + ([f"{self.tokens:,} tokens"] if self.tokens else [])
        return " and ".join(parts) or "nothing"


@dataclass(frozen=True)
class Ceiling:
    """What a group may use in all; None is no ceiling."""

    usd: float | None = None
    tokens: int | None = None

    @property
    def stated(self) -> bool:
        """Is there any?"""
        return self.usd is not None or self.tokens is not None

    def holds(self, amount: Amount) -> bool:
        """Is that within it?"""
        # A sum of cents in binary is not exact: a millionth of a cent is nobody's money.
        return (self.usd is None or amount.usd <= self.usd + 1e-8) and (
            self.tokens is None or amount.tokens <= self.tokens
        )


@dataclass
class GroupBudget:
    """Reserves against one ceiling. `spent` is by run, of all attempts that have ended; `held` by run too."""

    ceiling: Ceiling
    spent: dict[str, Amount] = field(default_factory=dict)
    held: dict[str, Amount] = field(default_factory=dict)

    def reserve(self, run_id: str, most: Amount) -> bool:
        """Hold the most that a run may use; False while that doesn't fit beside what is spent and held."""
        if not self.has_room(most):
            return False
        self.held[run_id] = most
        return True

    def has_room(self, amount: Amount) -> bool:
        """Does it fit beside what is spent and held?"""
        return self.ceiling.holds(self.used() + self._all_held() + amount)

    def told(self, most: Amount) -> str:
        """Why a run that may use so much can't be paid for any more."""
        used, parts = self.used(), []
        if self.ceiling.usd is not None and used.usd + most.usd > self.ceiling.usd:
            parts.append(
                f"${used.usd:.2f} of the group's ${self.ceiling.usd:.2f} are spent, and it may take ${most.usd:.2f}"
            )
        if self.ceiling.tokens is not None and used.tokens + most.tokens > self.ceiling.tokens:
            parts.append(
                f"{used.tokens:,} of the group's {self.ceiling.tokens:,} tokens are used, it may take {most.tokens:,}"
            )
        return "; ".join(parts)

    def release(self, run_id: str, spent: Amount) -> None:
        """A run has ended; `spent` is what all its attempts came to."""
        self.held.pop(run_id, None)
        self.spent[run_id] = spent

    def can_ever(self, most: Amount) -> bool:
        """Would it fit if all that runs now came to nothing?"""
        return self.ceiling.holds(self.used() + most)

    def used(self) -> Amount:
        """What was spent so far."""
        return sum(self.spent.values(), Amount())

    def _all_held(self) -> Amount:
        return sum(self.held.values(), Amount())


def budget_of(group: GroupFolder, ceiling: Ceiling) -> GroupBudget:
    """The budget of a group, with what its folder tells of earlier commands."""
    spent = {run.path.name: spent_in(run) for run in group.runs()} if ceiling.stated else {}
    return GroupBudget(ceiling, spent)


def spent_in(run: RunFolder) -> Amount:
    """What all attempts of a run came to; one that goes on from another counts what that one used, too."""
    last: dict[int, Amount] = {}  # by the attempt that a row of attempts began with
    began: dict[int, int] = {}
    for folder, record in _attempts(run):
        own = record.attempt
        first = began[own] = own if record.resumed_from is None else began.get(record.resumed_from, own)
        used = _used(folder, record)
        # One that ended before it was given its past knows less than that.
        last[first] = max(last.get(first, Amount()), used, key=lambda amount: (amount.usd, amount.tokens))
    return sum(last.values(), unknown_in(run))


def unknown_in(run: RunFolder) -> Amount:
    """How much more the attempts may have come to that were lost with their machines: what else they were granted."""
    found = Amount()
    for folder, record in _attempts(run):
        granted = read_granted(folder.path)
        found += Amount(granted.cost_usd, granted.tokens) - _used(folder, record)
    return found


def taken_over(run: RunFolder) -> Amount:
    """What an attempt that goes on from the last one begins with, as its gateway will count it (`carry_over`)."""
    for folder, record in reversed(list(_attempts(run))):
        if record.resumed_from is None or folder.journal.exists():
            return _used(folder, record)
    return Amount()


def most_of(plan: RunPlan, spent_before: Amount, *, goes_on: bool) -> Amount:
    """The most that a run may use from now on: where it goes on, what is left of its own ceiling."""
    most = Amount(plan.budget_usd or 0.0, plan.budget_tokens or 0)
    return most - spent_before if goes_on else most


def refuse_open_ends(ceiling: Ceiling, plan: RunPlan) -> None:
    """Raise `UserError` where a run has no ceiling of its own, so that nothing could be reserved for it."""
    if ceiling.tokens is not None and plan.budget_tokens is None:
        raise UserError(
            f"--group-tokens {ceiling.tokens}: a run reserves the most that it may use, and {plan.run_id} has no "
            "limit. Say how many tokens a run may take: --budget-tokens N"
        )
    if ceiling.usd is not None and plan.budget_usd is None and plan.models != ("offline",) and plan.replay is None:
        raise UserError(
            f"--group-budget {ceiling.usd:g}: {plan.run_id} has no budget of its own to reserve. Say one: --budget USD"
        )


def _attempts(run: RunFolder) -> Iterator[tuple[RunFolder, RunRecord]]:
    """All that were begun, in their order."""
    for folder in [*(run.attempt(number) for number in run.attempts()), run]:
        record = folder.read()
        if record is not None and record.status is not RunStatus.QUEUED:
            yield folder, record


def _used(folder: RunFolder, record: RunRecord) -> Amount:
    """What an attempt used: by its record where it ended in order, else by what a kill leaves."""
    usage = record.usage if record.ended_at else usage_in(folder.path)
    return Amount(usage.cost_usd, usage.input_tokens + usage.output_tokens)
