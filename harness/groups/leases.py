"""Who may publish what: leases with growing tokens, in a SQLite file beside the group's runs.

One coordinator at a time works on a group; each of its attempts has a lease, named by a token that is larger than all
before it. A result is published only while its lease is held, in one transaction with the check. A coordinator that
was taken for dead, and is not, finds at its next step that a later one has begun, and publishes nothing more.

No clock is compared with another machine's, nor with itself before a jump: a coordinator shows that it lives by
counting up, and another machine watches that count by its own monotonic clock. On one machine the lock on the group's
folder, which ends with its process, decides. The records are the truth about results; the file may be lost with no
result lost, and tokens go on growing from what the records say.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InfrastructureError, UserError
from harness.groups.transactions import connected, connected_to_look, transaction
from harness.results.layout import GroupFolder, now
from harness.sandbox.owner import is_alive, is_of_this_machine, me

BEAT_SECONDS = 2.0
LAPSE_SECONDS = 60.0  # without a beat, a coordinator of another machine is taken for dead
SCHEMA = """
CREATE TABLE IF NOT EXISTS coordinators (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, jobs INTEGER NOT NULL,
    beats INTEGER NOT NULL DEFAULT 0, began_at TEXT NOT NULL, ended_at TEXT
);
CREATE TABLE IF NOT EXISTS leases (
    token INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, run_id TEXT NOT NULL, attempt INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('held', 'published', 'lost')), granted_at TEXT NOT NULL, ended_at TEXT,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS wishes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, wish TEXT NOT NULL CHECK (wish IN ('stop', 'end')),
    asked_by TEXT NOT NULL, asked_at TEXT NOT NULL
);
"""


class Superseded(InfrastructureError):
    """Another command took this one for dead and works on the group now; what this one still does is not published."""


@dataclass(frozen=True)
class AtWork:
    """The coordinator of a group that was there last; `alive` as far as this machine can tell."""

    epoch: int
    owner: str
    jobs: int
    began_at: str
    ended_at: str | None
    alive: bool


@dataclass(frozen=True)
class Lease:
    """One attempt's right to be published."""

    token: int
    run_id: str
    attempt: int
    state: str
    granted_at: str
    reason: str


class Leases:
    """The leases of one coordinator; used from its threads. Made by `coordinating`."""

    def __init__(self, path: Path, epoch: int, gone: frozenset[str], connection: sqlite3.Connection) -> None:
        self.gone = gone  # owners that this coordinator found to be dead
        self._path = path
        self._epoch = epoch
        self._connection = connection
        self._lock = threading.Lock()
        self._beaten = time.monotonic()

    def grant(self, run_id: str, attempt: int) -> int:
        """Return the token of a new lease."""
        with self._transaction() as do:
            self._refuse_superseded(do)
            row = do(
                "INSERT INTO leases (epoch, run_id, attempt, state, granted_at) VALUES (?, ?, ?, 'held', ?)",
                (self._epoch, run_id, attempt, now()),
            )
            assert row.lastrowid is not None
            return row.lastrowid

    @contextlib.contextmanager
    def publishing(self, token: int) -> Iterator[bool]:
        """Inside the block nobody can take the lease; yield whether it is held. It ends with the block."""
        with self._transaction() as do:
            newest = do("SELECT max(epoch) FROM coordinators").fetchone()[0]
            row = do("SELECT state FROM leases WHERE token = ?", (token,)).fetchone()
            held = newest == self._epoch and row is not None and row[0] == "held"
            yield held
            if held:
                do("UPDATE leases SET state = 'published', ended_at = ? WHERE token = ?", (now(), token))

    def lose(self, token: int, reason: str) -> None:
        """Take a lease away: what is handed in under it is not published."""
        with self._transaction() as do:
            do(
                "UPDATE leases SET state = 'lost', ended_at = ?, reason = ? WHERE token = ? AND state = 'held'",
                (now(), reason, token),
            )

    def wish(self) -> str | None:
        """What another command asks of this one: 'stop', 'end', or nothing. Shows as often as is due that this lives.

        Raise `Superseded` when another coordinator has begun.
        """
        if time.monotonic() - self._beaten >= BEAT_SECONDS:
            self._beaten = time.monotonic()
            with self._transaction() as do:
                self._refuse_superseded(do)
                do("UPDATE coordinators SET beats = beats + 1 WHERE epoch = ?", (self._epoch,))
        with self._lock:
            rows = self._connection.execute("SELECT wish FROM wishes WHERE epoch = ?", (self._epoch,)).fetchall()
        wishes = {row[0] for row in rows}
        return "end" if "end" in wishes else "stop" if wishes else None

    def _refuse_superseded(self, do: Callable[..., sqlite3.Cursor]) -> None:
        newest, owner = do("SELECT epoch, owner FROM coordinators ORDER BY epoch DESC LIMIT 1").fetchone()
        if newest != self._epoch:
            raise Superseded(f"{owner} took this command for dead and works on {self._path.parent} now")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        with self._lock, transaction(self._connection, self._path):
            yield self._connection.execute


@contextlib.contextmanager
def coordinating(group: GroupFolder, jobs: int, wait: Callable[[float], None] = time.sleep) -> Iterator[Leases]:
    """Be the group's only coordinator; raise `UserError` where another one is at work.

    Leases of coordinators before this one are lost.
    """
    group.path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(group.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(_busy(group, last(group))) from None
        connection = _opened(group)
        try:
            gone = _gone(group, connection, wait)
            with transaction(connection, group.leases):
                connection.execute(
                    "UPDATE leases SET state = 'lost', ended_at = ?, reason = 'its coordinator is gone' "
                    "WHERE state = 'held'",
                    (now(),),
                )
                connection.execute("UPDATE coordinators SET ended_at = ? WHERE ended_at IS NULL", (now(),))
                row = connection.execute(
                    "INSERT INTO coordinators (owner, jobs, began_at) VALUES (?, ?, ?)", (me(), jobs, now())
                )
            epoch = row.lastrowid
            assert epoch is not None
            try:
                yield Leases(group.leases, epoch, gone, connection)
            finally:
                with contextlib.suppress(InfrastructureError), transaction(connection, group.leases):
                    connection.execute("UPDATE coordinators SET ended_at = ? WHERE epoch = ?", (now(), epoch))
        finally:
            connection.close()
    finally:
        os.close(descriptor)


def last(group: GroupFolder) -> AtWork | None:
    """The group's last coordinator, read without a change; None where there was none."""
    with _reading(group) as connection:
        query = "SELECT epoch, owner, jobs, began_at, ended_at FROM coordinators ORDER BY epoch DESC LIMIT 1"
        row = None if connection is None else connection.execute(query).fetchone()
    if row is None:
        return None
    epoch, owner, jobs, began_at, ended_at = row
    return AtWork(epoch, owner, jobs, began_at, ended_at, alive=ended_at is None and is_alive(owner))


def all_of(group: GroupFolder) -> list[Lease]:
    """Every lease that was granted in the group, by token."""
    with _reading(group) as connection:
        query = "SELECT token, run_id, attempt, state, granted_at, reason FROM leases ORDER BY token"
        return [] if connection is None else [Lease(*row) for row in connection.execute(query)]


def refuse_busy(group: GroupFolder) -> None:
    """Raise `UserError` early where another command is at work on the group on this machine."""
    there = last(group)
    if there is not None and there.alive and there.owner != me() and is_of_this_machine(there.owner):
        raise UserError(_busy(group, there))


def ask(group: GroupFolder, there: AtWork, *, at_once: bool) -> None:
    """Ask the group's coordinator to end."""
    with contextlib.closing(connected(group.leases)) as connection, transaction(connection, group.leases):
        connection.execute(
            "INSERT INTO wishes (epoch, wish, asked_by, asked_at) VALUES (?, ?, ?, ?)",
            (there.epoch, "end" if at_once else "stop", me(), now()),
        )


def _busy(group: GroupFolder, there: AtWork | None) -> str:
    who = f"{there.owner}, since {there.began_at}" if there and there.ended_at is None else "who has just begun"
    return (
        f"another podium is at work on {group.path} ({who}). Watch it: podium status {group.name}; end it: podium stop "
        f"{group.name}; or choose another --group"
    )


def _gone(group: GroupFolder, connection: sqlite3.Connection, wait: Callable[[float], None]) -> frozenset[str]:
    """The owners that held the group and are gone; raise `UserError` where one on another machine is not."""
    query = "SELECT owner, beats FROM coordinators WHERE ended_at IS NULL ORDER BY epoch DESC LIMIT 1"
    row = connection.execute(query).fetchone()
    if row is not None and is_alive(row[0]) and row[0] != me() and not is_of_this_machine(row[0]):
        until = time.monotonic() + LAPSE_SECONDS
        while time.monotonic() < until:
            wait(BEAT_SECONDS)
            if connection.execute(query).fetchone() != row:
                raise UserError(_busy(group, last(group)))
    return frozenset(owner for (owner,) in connection.execute("SELECT DISTINCT owner FROM coordinators"))


def _opened(group: GroupFolder) -> sqlite3.Connection:
    """The file, made where it is not there; one that is broken is set aside."""
    is_new = not group.leases.exists()
    try:
        connection = _made(group.leases)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise InfrastructureError(f"{group.leases} can't be used: {error}. See: podium doctor") from error
        group.leases.replace(group.leases.with_suffix(".broken"))
        is_new, connection = True, _made(group.leases)
    if is_new:
        with transaction(connection, group.leases):
            connection.execute("INSERT INTO sqlite_sequence VALUES ('leases', ?)", (_largest_token(group),))
    return connection


def _made(path: Path) -> sqlite3.Connection:
    connection = connected(path)
    try:
        connection.executescript(SCHEMA)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _largest_token(group: GroupFolder) -> int:
    """What the records of a group whose file is gone know of the tokens that were given."""
    folders = [each for run in group.runs() for each in (run, *map(run.attempt, run.attempts()))]
    return max((record.lease_token or 0 for folder in folders if (record := folder.read())), default=0)


@contextlib.contextmanager
def _reading(group: GroupFolder) -> Iterator[sqlite3.Connection | None]:
    """The file as it is, for a look; None where there is none that can be read."""
    connection = connected_to_look(group.leases, "wishes")
    if connection is None:
        yield None
        return
    with contextlib.closing(connection):
        yield connection
