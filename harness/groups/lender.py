"""Who lends a machine to this command's runs: this command alone, or the ledger that it shares with all others.

A ledger that can't be used is no reason not to run: that is said once, and this command then keeps its own books only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from harness.errors import PodiumError
from harness.groups.holding import why_not
from harness.groups.reservations import Demand, Inventory, Reservation, admit, place

if TYPE_CHECKING:
    from harness.groups.lending import Ledger, Lent

Say = Callable[[str], None]


class Lender(Protocol):
    """Lends and takes back. Used from one thread."""

    @property
    def waits(self) -> bool:
        """Could what was asked for last start if other commands held nothing?"""

    def lend(self, demands: Sequence[Demand], most: int) -> Sequence[Reservation]:
        """Give these what they ask for, in their order, at most so many; asked with none, nothing is waited for."""

    def give_back(self, run_id: str) -> None:
        """A run to which something was lent has ended."""

    def close(self) -> None:
        """Nothing is lent any more."""


@dataclass
class Alone:
    """Keeps the books of one command, as if no other were on the machine."""

    machine: Inventory
    waits: bool = False
    held: dict[str, Reservation] = field(default_factory=dict)

    def lend(self, demands: Sequence[Demand], most: int) -> Sequence[Reservation]:
        """Take what fits."""
        given = admit(self.machine, list(self.held.values()), demands, len(self.held) + most)
        self.held |= {one.run_id: one for one in given}
        return given

    def give_back(self, run_id: str) -> None:
        """Strike it out."""
        self.held.pop(run_id, None)

    def close(self) -> None:
        """Nobody is to be told."""


class Together:
    """Shares the machine with every other command by the ledger.

    `clear` removes what dead commands left running: what they held is lent again only then.
    """

    def __init__(
        self, machine: Inventory, open_ledger: Callable[[], Ledger], clear: Callable[[], None], say: Say
    ) -> None:
        self._alone = Alone(machine)
        self._clear = clear
        self._say = say
        self._told: object = None
        self.waits = False
        self._ledger: Ledger | None = None
        try:
            self._ledger = open_ledger()
        except (PodiumError, OSError, sqlite3.Error) as error:
            self._go_on_alone(error)

    def lend(self, demands: Sequence[Demand], most: int) -> Sequence[Reservation]:
        """Take what fits beside what all commands hold."""
        if self._ledger is not None:
            try:
                self._take_back(self._ledger)
                lent = self._ledger.lend(self._alone.machine, demands, most)
                self._tell(self._ledger, lent)
            except (PodiumError, OSError, sqlite3.Error) as error:
                self._go_on_alone(error)
            else:
                self._alone.held |= {one.run_id: one for one in lent.given}
                return lent.given
        return self._alone.lend(demands, most)

    def give_back(self, run_id: str) -> None:
        """Strike it out, here and in the ledger."""
        self._alone.give_back(run_id)
        if self._ledger is not None:
            try:
                self._ledger.give_back(run_id)
            except (PodiumError, OSError, sqlite3.Error) as error:
                self._go_on_alone(error)

    def close(self) -> None:
        """Leave the ledger."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def _take_back(self, ledger: Ledger) -> None:
        dead = ledger.dead()
        if not dead:
            return
        self._clear()
        ledger.forget(dead)
        gone = ", ".join(f"{one.group} ({one.owner})" for one in dead)
        self._say(f"what commands held that are gone is free again: {gone}")

    def _tell(self, ledger: Ledger, lent: Lent) -> None:
        """Say for whom this command waits, here and to who looks, whenever that has changed."""
        own = list(self._alone.held.values())
        waiting = lent.waiting
        fits_alone = waiting is not None and place(waiting.machine, [*own, *lent.given], waiting.demand) is not None
        self.waits = fits_alone
        if waiting is None or not fits_alone:
            self._told = None
            return
        why = why_not(waiting, lent.others, lent.earlier)
        who = waiting.demand.run_id, why
        if who != self._told:
            self._told = who
            ledger.tell(why)
            self._say(f"{waiting.demand.run_id} waits: {why}")

    def _go_on_alone(self, error: Exception) -> None:
        self.waits = False
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        self._say(
            f"what other podium commands hold of this machine is not known ({error}). Runs start all the same; give "
            "each command its part: --cpus, --memory, --gpus. See: podium doctor"
        )
