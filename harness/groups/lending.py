"""The ledger of what all commands hold of a machine, so that no two lend the same CPU, memory, disk or GPU.

A small SQLite file. Commands that wait have turns: who waits longest is first, and is only overtaken by runs beside
which it would still fit; whoever was served goes to the end. `reservations.py` decides, `lent.py` reads. Nothing of it
outlives its processes, so that nothing has to be durable.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InfrastructureError
from harness.groups.lent import (
    BUSY_SECONDS,
    RESERVATION,
    WAITING,
    Command,
    Holder,
    Turn,
    commands_in,
    forget,
    held_in,
    is_gone,
    opened,
    present,
    turns_in,
)
from harness.groups.reservations import Demand, Inventory, Reservation, Waiting, admit
from harness.groups.transactions import connected, transaction
from harness.results.layout import now
from harness.sandbox.owner import me

GONE_QUIET_SECONDS = 10.0  # a waiting command that asked no more for so long keeps nobody back
SCHEMA = """
CREATE TABLE IF NOT EXISTS commands (id TEXT PRIMARY KEY, owner TEXT NOT NULL, podium_group TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lent (
    command TEXT NOT NULL, run_id TEXT NOT NULL, what TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (command, run_id)
);
CREATE TABLE IF NOT EXISTS turns (
    turn INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL UNIQUE, what TEXT NOT NULL, since TEXT NOT NULL,
    asked REAL NOT NULL, why TEXT NOT NULL DEFAULT ''
);
"""
ASK = """
INSERT INTO turns (command, what, since, asked) VALUES (?, ?, ?, ?)
ON CONFLICT (command) DO UPDATE SET what = excluded.what, asked = excluded.asked
"""


@dataclass(frozen=True)
class Lent:
    """What came of asking: what was given; what others hold; and what waits, with who waits longer."""

    given: tuple[Reservation, ...]
    others: tuple[Holder, ...]
    waiting: Waiting | None = None
    earlier: Turn | None = None


class Ledger:
    """One command's side of the ledger, for one thread. Raises `InfrastructureError` or OSError where it fails."""

    def __init__(self, path: Path, group: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self.command = Command(uuid.uuid4().hex, me(), group)
        self._presence = present(path, self.command.id)
        try:
            os.close(opened(path, os.O_RDWR))
            self._connection = connected(path, BUSY_SECONDS)
            self._inode = path.stat().st_ino
            self._prepare()
        except BaseException:
            self._leave()
            raise

    def _prepare(self) -> None:
        try:
            self._connection.executescript(f"PRAGMA synchronous = OFF; {SCHEMA}")
        except sqlite3.Error as error:
            self._connection.close()
            raise InfrastructureError(f"{self._path} can't be used: {error}") from error
        with self._alone() as do:
            row = (self.command.id, self.command.owner, self.command.group)
            do("INSERT INTO commands (id, owner, podium_group) VALUES (?, ?, ?)", row)

    def lend(self, machine: Inventory, demands: Sequence[Demand], most: int) -> Lent:
        """Take what fits, at most so many; for the first that doesn't, wait in turn."""
        mine = self.command.id
        with self._alone() as do:
            held, turns = held_in(self._connection), turns_in(self._connection)
            own_turn = next((one for one in turns if one.command.id == mine), None)
            earlier = next((one for one in turns if self._is_before(one, own_turn)), None)
            all_held = [one.reservation for one in held]
            given = admit(machine, all_held, demands, len(held) + most, earlier.waiting if earlier else None)
            served = {one.run_id for one in given}
            for one in given:
                what = RESERVATION.dump_json(one).decode()
                do("INSERT INTO lent VALUES (?, ?, ?, ?)", (mine, one.run_id, what, now()))
            left = [one for one in demands if one.run_id not in served] if len(given) < most else []
            waiting = Waiting(machine, left[0]) if left else None
            if own_turn and (waiting is None or given):
                do("DELETE FROM turns WHERE command = ?", (mine,))
            if waiting is not None:
                do(ASK, (mine, WAITING.dump_json(waiting).decode(), now(), self._clock()))
        others = tuple(one for one in held if one.command.id != mine)
        return Lent(tuple(given), others, waiting, earlier)

    def tell(self, why: str) -> None:
        """Say for everybody who looks why this command waits."""
        with self._alone() as do:
            do("UPDATE turns SET why = ? WHERE command = ?", (why, self.command.id))

    def give_back(self, run_id: str) -> None:
        """A run has ended."""
        with self._alone() as do:
            do("DELETE FROM lent WHERE command = ? AND run_id = ?", (self.command.id, run_id))

    def dead(self) -> list[Command]:
        """The commands that are gone and left something here."""
        known = [one for one in commands_in(self._connection) if one.id != self.command.id]
        return [one for one in known if is_gone(self._path, one)]

    def forget(self, commands: Sequence[Command]) -> None:
        """Take back what commands held that are gone."""
        with self._alone() as do:
            forget(do, self._path, commands)

    def close(self) -> None:
        """Give everything back. What fails here is taken back by others, once this process is gone."""
        with contextlib.suppress(InfrastructureError, OSError), self._alone() as do:
            forget(do, self._path, [self.command])
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._leave()

    def _leave(self) -> None:
        os.close(self._presence)

    def _is_before(self, turn: Turn, own: Turn | None) -> bool:
        """Is that another's that comes first, and does it still ask?"""
        if turn is own or (own is not None and turn.number > own.number):
            return False
        return self._clock() - turn.asked < GONE_QUIET_SECONDS

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        if self._path.stat().st_ino != self._inode:
            raise InfrastructureError(f"{self._path} was removed while this command held something there")
        with transaction(self._connection, self._path):
            yield self._connection.execute
