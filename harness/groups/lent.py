"""Who holds what of a machine, who waits for it, and who of them is gone: the rows of the ledger, read.

Each command has a file beside the ledger that it keeps locked for as long as it lives. The lock ends with its process,
however that ends, also where another user or another namespace of processes looks on: so what a dead command held is
taken back at once, and a living one's never.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import InfrastructureError
from harness.groups.lending_folder import ledgers
from harness.groups.reservations import Reservation, Waiting
from harness.groups.transactions import connected, connected_to_look, transaction
from harness.sandbox.owner import is_alive

BUSY_SECONDS = 10.0
MODE = 0o660
T = TypeVar("T")
RESERVATION = TypeAdapter(Reservation)
WAITING = TypeAdapter(Waiting)


@dataclass(frozen=True)
class Command:
    """A podium command that holds or waits; `owner` is as in a run's record."""

    id: str
    owner: str
    group: str


@dataclass(frozen=True)
class Holder:
    """What one run of a command holds."""

    command: Command
    reservation: Reservation
    since: str


@dataclass(frozen=True)
class Turn:
    """A command that waits, for what, and why in words. Of two, the one with the smaller number is first."""

    number: int
    command: Command
    waiting: Waiting
    since: str
    asked: float  # on the clock that all processes of a machine share
    why: str


@dataclass(frozen=True)
class Seen:
    """A ledger as it is: who holds, who waits, and which of these commands are gone."""

    path: Path
    holders: tuple[Holder, ...]
    turns: tuple[Turn, ...]
    gone: tuple[Command, ...]

    def remove_gone(self) -> bool:
        """Take back what they held; False where somebody else did."""
        with contextlib.closing(connected(self.path, BUSY_SECONDS)) as connection:
            there = {one.id for one in commands_in(connection)}
            left = [one for one in self.gone if one.id in there]
            with transaction(connection, self.path):
                forget(connection.execute, self.path, left)
        return bool(left)


def look(environ: Mapping[str, str]) -> list[Seen]:
    """Every ledger that this user's commands write to, read without a change; what can't be read is left out."""
    found = []
    for path in ledgers(environ):
        connection = connected_to_look(path, "turns", BUSY_SECONDS)
        if connection is None:
            continue
        with contextlib.closing(connection), contextlib.suppress(sqlite3.Error, InfrastructureError):
            gone = tuple(one for one in commands_in(connection) if is_gone(path, one))
            found.append(Seen(path, tuple(held_in(connection)), tuple(turns_in(connection)), gone))
    return found


def held_in(connection: sqlite3.Connection) -> list[Holder]:
    """What all commands hold, in the order in which it was lent."""
    query = "SELECT id, owner, podium_group, what, since FROM lent JOIN commands ON id = command ORDER BY lent.rowid"
    rows = connection.execute(query).fetchall()
    return [Holder(Command(*row[:3]), _read(RESERVATION, row[3]), row[4]) for row in rows]


def turns_in(connection: sqlite3.Connection) -> list[Turn]:
    """Who waits, the first first."""
    query = (
        "SELECT turn, id, owner, podium_group, what, since, asked, why FROM turns JOIN commands ON id = command "
        "ORDER BY turn"
    )
    rows = connection.execute(query).fetchall()
    return [Turn(row[0], Command(*row[1:4]), _read(WAITING, row[4]), *row[5:]) for row in rows]


def _read(form: TypeAdapter[T], text: str) -> T:
    try:
        return form.validate_json(text)
    except ValidationError as error:
        raise InfrastructureError(f"another version of Podium wrote what runs hold: {error}") from error


def commands_in(connection: sqlite3.Connection) -> list[Command]:
    try:
        return [Command(*row) for row in connection.execute("SELECT id, owner, podium_group FROM commands")]
    except sqlite3.Error as error:
        raise InfrastructureError(f"what runs hold can't be read: {error}") from error


def forget(do: Callable[..., sqlite3.Cursor], path: Path, commands: Sequence[Command]) -> None:
    for one in commands:
        do("DELETE FROM lent WHERE command = ?", (one.id,))
        do("DELETE FROM turns WHERE command = ?", (one.id,))
        do("DELETE FROM commands WHERE id = ?", (one.id,))
        _presence_file(path, one.id).unlink(missing_ok=True)


def _presence_file(path: Path, id: str) -> Path:
    return path.parent / f".{id}.lock"


def present(path: Path, id: str) -> int:
    """Show that this process lives, until it ends."""
    descriptor = opened(_presence_file(path, id), os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def opened(path: Path, flags: int) -> int:
    """Open it, made where it is not there, for all who may use the folder; never through a link."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
    with contextlib.suppress(PermissionError):  # another user's, who did so
        os.fchmod(descriptor, MODE)
    return descriptor


def is_gone(path: Path, command: Command) -> bool:
    """Has the command's process ended? Where its lock can't be asked, as far as this machine can tell."""
    try:
        descriptor = os.open(_presence_file(path, command.id), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return not is_alive(command.owner)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
